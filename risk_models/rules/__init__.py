"""Rules of the field: dates and facts in, verdicts out; no clock, no database."""
