"""Deadlines, reminders, calendar."""
