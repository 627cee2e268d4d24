"""Cells for spreadsheets: a text that one would run as a formula is preceded by an apostrophe (OWASP, CSV injection)."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "\ufeff")


def harmless(text: str) -> str:
    return "'" + text if text.startswith((*FORMULA, "'")) else text
