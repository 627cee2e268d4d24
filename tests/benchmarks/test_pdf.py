"""How long a dossier of some thirty pages takes, beside Chromium's print of the same HTML; run by `make bench`."""

import resource
import subprocess
import time
from datetime import date

import pytest

from app.cli.dossier import unsigned
from reports import document, pdf, seal, typography, verification
from reports import dossier as content
from tests.benchmarks.products import product_of
from tests.certificates import chain

COMPONENTS = 44
DAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def only_when_asked(request):
    if not request.config.getoption("--benchmarks"):
        pytest.skip("benchmarks run with make bench")


def pages_of(path) -> int:
    shown = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    return int(shown.split("Pages:")[1].split()[0])


def timed(run) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def test_a_dossier_and_chromium(tmp_path):
    text = content.dumps(unsigned(product_of(COMPONENTS), DAY))
    ours, theirs = tmp_path / "ours.pdf", tmp_path / "theirs.pdf"
    seconds = min(timed(lambda: ours.write_bytes(pdf.render(text))) for _ in range(3))
    pdf.pdf_renderer().stop()  # what it waited for is counted once it is waited for
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    html = tmp_path / "d.html"
    page = document.to_html(content.loads(text), content.sha256(text))
    style = typography.print_stylesheet(page, draft=False).replace(typography.FONT_BASE, f"file://{pdf.font_folder()}/")
    html.write_text(page.replace("</head>", f"<style>{style}</style></head>"))
    command = [
        "/usr/bin/chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-pdf-header-footer",
        f"--print-to-pdf={theirs}",
        str(html),
    ]
    printed = min(timed(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(3))
    print("\n| | pages | seconds | MB | file kB |\n| --- | ---: | ---: | ---: | ---: |")
    size = ours.stat().st_size / 1024
    print(f"| Jalon, PDF/A-3a and PDF/UA-1 | {pages_of(ours)} | {seconds:.1f} | {memory:.0f} | {size:.0f} |")
    print(f"| Chromium | {pages_of(theirs)} | {printed:.1f} | – | {theirs.stat().st_size / 1024:.0f} |")
    print(f"time × {seconds / printed:.1f}, size × {size / (theirs.stat().st_size / 1024):.2f}")
    sealed = seal.seal_document(ours.read_bytes(), chain().sealer())
    roots = chain().sealer().trust
    sealing = timed(lambda: seal.seal_document(ours.read_bytes(), chain().sealer()))
    checking = timed(lambda: verification.verify_document(sealed, roots, today=DAY))
    print(
        f"sealing {sealing:.2f} s, verifying {checking:.2f} s, the seal adds {(len(sealed) - ours.stat().st_size) / 1024:.0f} kB"
    )
