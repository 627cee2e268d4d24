"""The first pages: what each person has to do, and one product at a glance."""
