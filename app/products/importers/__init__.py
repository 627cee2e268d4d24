"""Readers of foreign formats: validate, refuse with a clear error, change nothing on refusal."""
