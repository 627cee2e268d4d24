"""Text as people type it when they search."""

import unicodedata


def plain(text: str) -> str:
    """Neither capitals nor accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
