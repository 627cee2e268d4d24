"""The incubator's view over its products."""
