"""Measures, where each applies, what remains to do."""
