"""Text as people type it when they search."""

import unicodedata


def as_plain_text(text: str) -> str:
    """Neither capitals, accents nor letters bound together."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
