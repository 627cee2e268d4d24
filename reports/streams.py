"""Streams whose length no reader can count wrong."""

import re

SPARE = range(16)  # tries, each with other lengths


def miscounted(pdf: bytes) -> bool:
    """Whether the last byte of a stream is a line end: readers take it for the one after it, and count one byte less."""
    return re.search(rb"[\r\n]\nendstream", pdf) is not None
