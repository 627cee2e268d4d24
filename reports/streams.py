"""Streams whose length no reader can count wrong: it takes a line end before `endstream` for the one that ends the line.

A stream that ends so is written in hexadecimal, whatever else packs it. That of the objects, or of their places, is
written last, by a library: the file is made again with other lengths.
"""

import re

HEXADECIMAL = "/ASCIIHexDecode"
SPARE = range(16)  # tries, each with other lengths


def ends_a_line(data: bytes) -> bool:
    """Whether the last byte of `data` is a line end."""
    return data.endswith((b"\r", b"\n"))


def has_miscounted_stream(pdf: bytes) -> bool:
    """Whether a stream of `pdf` ends with a line end of its own, so that readers count one byte less."""
    return re.search(rb"[\r\n]\nendstream", pdf) is not None
