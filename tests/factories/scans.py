"""The decision page of a frozen dossier as it comes back: signed by hand, then scanned or photographed."""

import io

import numpy as np
import pypdfium2
import zxingcpp
from PIL import Image, ImageDraw

from reports import pdf

_WIDTH = 1700


def decision_page(text: str) -> Image.Image:
    """The page with the code, drawn from the draft of the content `text`."""
    document = pypdfium2.PdfDocument(pdf.render(text))
    try:
        for number in range(len(document)):
            page = document[number]
            drawn = page.render(scale=_WIDTH / page.get_width(), grayscale=True).to_pil()
            if _code(drawn):
                return drawn
    finally:
        document.close()
    raise AssertionError("a decision page bears a code")


def _code(page: Image.Image):
    return zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))


def sign(page: Image.Image) -> Image.Image:
    """A signature in its frame, just above the code."""
    corner, signed = _code(page)[0].position.top_left, page.copy()
    strokes = [(90, -60), (130, -140), (200, -70), (260, -150), (330, -80), (460, -110)]
    ImageDraw.Draw(signed).line([(corner.x + x, corner.y + y) for x, y in strokes], fill=50, width=5)
    return signed


def cut_above_code(page: Image.Image) -> Image.Image:
    """What is left of a page whose frame was torn away."""
    return page.crop((0, int(_code(page)[0].position.top_left.y) - 30, page.width, page.height))


def photograph(page: Image.Image) -> Image.Image:
    """Seen askew, in a bad light, with the grain of a small camera."""
    width, height = page.size
    askew = page.transform(
        page.size,
        Image.Transform.QUAD,
        (-80, -60, 30, height + 100, width + 90, height - 40, width - 60, 60),
        Image.Resampling.BICUBIC,
        fillcolor=120,
    )
    light = np.linspace(1, 0.55, width)[None, :] * np.linspace(1, 0.8, height)[:, None]
    grain = np.random.default_rng(1).normal(0, 6, (height, width))
    seen = np.clip(np.asarray(askew, dtype=float) * 0.85 * light + grain + 10, 0, 255)
    return Image.fromarray(seen.astype("uint8"))


def file_of(page: Image.Image, kind: str = "PDF") -> bytes:
    found = io.BytesIO()
    page.save(found, kind)
    return found.getvalue()
