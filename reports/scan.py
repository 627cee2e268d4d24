"""A page signed by hand, as a scan or a photograph: does it bear the code of this dossier, and ink in its frame?

Read in a child process with bounds (`reports/outside_child.py`). The decision page of templates/dossier draws a code, 28 mm wide,
5 mm under the frame of the signature; whatever turns, tilts or shrinks the page does the same to both.
"""

import io
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pypdfium2
import zxingcpp
from PIL import Image, ImageFilter

from reports.outside import NotThisDossier

_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_MOST_PAGES = 30
_WIDTH = 2000  # pixels of a page drawn: 240 dots an inch of A4
_LARGEST = 40_000_000  # pixels of a picture
# The frame in sides of the code (28 mm), from its upper left corner: under the printed words, inside the border.
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.05, 4.8, -1.05, -0.25
_FRAME = (910, 160)  # pixels into which it is straightened
_DARKER = 40  # than the paper around, of 255
_INK = 0.002  # share of the frame that a short initial covers; dust and the grain of a photograph stay below


def check_scan(given: bytes, digest: str) -> None:
    """Raises `NotThisDossier`: `no_pdf` where nothing can be drawn, `no_code`, `other_code` or `no_ink`."""
    codes: list[str] = []
    for page in _pages(given):
        grey = page.convert("L")
        for found in zxingcpp.read_barcodes(grey, formats=_CODES):
            codes.append(found.text)
            if found.text.endswith(f"contenu={digest}"):
                if _ink_in_frame(grey, _corners(found.position)) < _INK:
                    raise NotThisDossier("no_ink")
                return
    raise NotThisDossier("other_code" if any("contenu=" in text for text in codes) else "no_code")


def _pages(given: bytes) -> Iterator[Image.Image]:
    if not given.startswith(b"%PDF-"):
        yield _picture(given)
        return
    try:
        with closing(pypdfium2.PdfDocument(given)) as document:
            for number in range(min(len(document), _MOST_PAGES)):
                page = document[number]
                yield page.render(scale=_WIDTH / max(page.get_width(), 72.0), grayscale=True).to_pil()
    except pypdfium2.PdfiumError as error:
        raise NotThisDossier("no_pdf") from error


def _picture(given: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(given), formats=("PNG", "JPEG"))
        if picture.width * picture.height > _LARGEST:
            raise NotThisDossier("no_pdf")
        picture.load()
    except (OSError, Image.DecompressionBombError) as error:
        raise NotThisDossier("no_pdf") from error
    picture.thumbnail((_WIDTH * 2, _WIDTH * 2))
    return picture


def _corners(position: zxingcpp.Position) -> list[tuple[float, float]]:
    """Upper left, upper right, lower right, lower left of the code as it is read."""
    ends = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return [(float(p.x), float(p.y)) for p in ends]


def _ink_in_frame(page: Image.Image, corners: list[tuple[float, float]]) -> float:
    """The share of the frame of the signature that is darker than the paper around; 0 where the page is cut there."""
    places = [(_LEFT, _TOP), (_LEFT, _BOTTOM), (_RIGHT, _BOTTOM), (_RIGHT, _TOP)]
    quad = [_project(corners, x, y) for x, y in places]
    if any(not (0 <= x < page.width and 0 <= y < page.height) for x, y in quad):
        return 0.0
    flat = [n for place in quad for n in place]
    frame = page.transform(_FRAME, Image.Transform.QUAD, flat, Image.Resampling.BILINEAR)
    paper = np.asarray(frame.filter(ImageFilter.GaussianBlur(25)), dtype=np.int16)
    dark = paper - np.asarray(frame.filter(ImageFilter.GaussianBlur(1)), dtype=np.int16) > _DARKER
    return float(dark.mean())


def _project(corners: list[tuple[float, float]], x: float, y: float) -> tuple[float, float]:
    """Where the point (x, y), in sides of the code, falls on the page: the plane map that its four corners give."""
    rows, wanted = [], []
    for (u, v), (px, py) in zip(((0, 0), (1, 0), (1, 1), (0, 1)), corners, strict=True):
        rows += [[u, v, 1, 0, 0, 0, -u * px, -v * px], [0, 0, 0, u, v, 1, -u * py, -v * py]]
        wanted += [px, py]
    a, b, c, d, e, f, g, h = np.linalg.solve(np.array(rows, dtype=float), np.array(wanted, dtype=float))
    below = g * x + h * y + 1
    return float((a * x + b * y + c) / below), float((d * x + e * y + f) / below)
