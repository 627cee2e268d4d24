"""Cells for spreadsheets: a text that one would run as a formula is preceded by an apostrophe (OWASP, CSV injection)."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "\ufeff")

_UNSEEN = "\u200b\u200c\u200d\u00ad\u2060\u00a0 "


def defuse_formula(text: str) -> str:
    """What a spreadsheet reads as text, whatever it begins with once what nobody sees is passed over."""
    return "'" + text if text.lstrip(_UNSEEN).startswith((*FORMULA, "'")) else text
