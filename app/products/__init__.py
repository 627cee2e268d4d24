"""The startup's card, its phases, its team and emergency contacts."""
