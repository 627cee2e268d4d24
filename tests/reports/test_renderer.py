"""The process that renders dossiers: another gives the same bytes, its end is an error, and it leaves with who began it."""

import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from reports import dossier as content
from reports import pdf
from tests.conftest import ROOT
from tests.factories.documents import full
from tests.factories.waiting import until

TEXT = content.canonical(full())
BEGUN_AND_LEFT = """
import os, socket
from reports import pdf
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(pdf.pdf_renderer().address())
print(pdf.pdf_renderer().pid, os.path.dirname(pdf.pdf_renderer().address()), flush=True)
os._exit(1)
"""


def test_the_same_content_gives_the_same_bytes_in_another_process():
    once = pdf.render(TEXT)
    pdf.pdf_renderer().stop()
    assert pdf.render(TEXT) == once


def tell_copies(told: signal.Signals) -> None:
    parent = pdf.pdf_renderer().pid
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), told)


@pytest.mark.parametrize("told", [signal.SIGKILL, signal.SIGALRM])
def test_a_child_that_does_not_end_is_an_error_and_the_next_one_works(told):
    pdf.render(TEXT)
    with ThreadPoolExecutor() as pool:
        doomed = pool.submit(pdf.render, TEXT)
        until(lambda: tell_copies(told) or doomed.done(), 60)
        with pytest.raises(pdf.RenderingFailed):
            doomed.result()
    assert pdf.render(TEXT).startswith(b"%PDF-")


def test_it_is_begun_again_when_it_died():
    pdf.render(TEXT)
    os.kill(pdf.pdf_renderer().pid, signal.SIGKILL)
    os.waitid(os.P_PID, pdf.pdf_renderer().pid, os.WEXITED | os.WNOWAIT)
    assert pdf.render(TEXT).startswith(b"%PDF-")


def test_it_ends_with_who_began_it_even_before_it_is_ready():
    left = subprocess.run([sys.executable, "-c", BEGUN_AND_LEFT], capture_output=True, text=True, cwd=ROOT, check=False)
    pid, folder = left.stdout.split()
    said = Path(f"/proc/{pid}/cmdline")
    until(lambda: not said.exists() or not said.read_text(), 60)
    assert not Path(folder).exists()


def test_a_rendering_leaves_nothing_on_the_disk():
    pdf.render(TEXT)
    folder = Path(pdf.pdf_renderer().address()).parent
    shared = set(Path(tempfile.gettempdir()).glob("weasyprint-*"))
    pdf.render(TEXT)
    assert not list(folder.glob("copy-*"))
    assert set(Path(tempfile.gettempdir()).glob("weasyprint-*")) <= shared
