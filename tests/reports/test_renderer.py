"""The process that renders dossiers: another gives the same bytes, its end is an error, and it leaves with who began it."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from reports import dossier as content
from reports import pdf
from tests.conftest import ROOT
from tests.faults.test_sigkill import until
from tests.reports.test_pdf import full

TEXT = content.dumps(full())
LEAVES_AT_ONCE = """
import os
from reports import pdf
try:
    pdf.render("{}")
except pdf.RenderingFailed:
    print(pdf.renderer().pid, flush=True)
os._exit(1)
"""


def test_the_same_content_gives_the_same_bytes_in_another_process():
    once = pdf.render(TEXT)
    pdf.renderer().stop()
    assert pdf.render(TEXT) == once


def tell_copies(told: signal.Signals) -> None:
    parent = pdf.renderer().pid
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
    os.kill(pdf.renderer().pid, signal.SIGKILL)
    os.waitid(os.P_PID, pdf.renderer().pid, os.WEXITED | os.WNOWAIT)
    assert pdf.render(TEXT).startswith(b"%PDF-")


def test_it_ends_with_who_began_it():
    gone = subprocess.run([sys.executable, "-c", LEAVES_AT_ONCE], capture_output=True, text=True, cwd=ROOT, check=False)
    said = Path(f"/proc/{int(gone.stdout)}/cmdline")
    until(lambda: not said.exists() or not said.read_text(), 30)
