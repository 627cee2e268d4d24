"""What strangers and large products cost goes on beside the site: its pages answer as if nothing were."""

import http.cookiejar
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import select

from app.analysis import results
from app.analysis import services as analysis
from app.analysis.jobs import AssessProduct
from app.inventory import services as inventory
from app.platform.jobs import Job
from risk_models import product_file
from tests.conftest import ROOT, on_sqlite
from tests.factories.bombs import packed
from tests.factories.large_products import file_of
from tests.serving import served  # noqa: F401 - a fixture

PAGES = ("/connexion", "/healthz")
BOMBS = 20


def asked(address: str, page: str, times: int) -> float:
    """The median seconds of `times` answers."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        with urllib.request.urlopen(address + page, timeout=30) as answer:
            assert answer.status == 200
            answer.read()
        took.append(time.perf_counter() - began)
    return median(took)


def dropped(address: str, bomb: bytes) -> str:
    """What /verifier says of a file that somebody drops there."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = opener.open(f"{address}/verifier", timeout=60).read().decode()
    token = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"|name="csrf_token" value="([^"]+)"', page)
    line = b"--x\r\n"
    body = (
        line + b'Content-Disposition: form-data; name="csrf_token"\r\n\r\n' + (token[1] or token[2]).encode() + b"\r\n"
    )
    body += line + b'Content-Disposition: form-data; name="file"; filename="b.pdf"\r\n\r\n' + bomb + b"\r\n--x--\r\n"
    sent = urllib.request.Request(f"{address}/verifier", body, {"Content-Type": "multipart/form-data; boundary=x"})
    return opener.open(sent, timeout=60).read().decode()


@pytest.fixture
def worker(database_url, tmp_path):
    environment = os.environ | {
        "JALON_INSTANCE": str(tmp_path),
        "DATABASE_URL": database_url,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    process = subprocess.Popen(
        ["jalon", "worker"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield process
    process.kill()
    process.wait(timeout=30)


def claimed(world) -> bool:
    with world.database.reading() as session:
        return (
            session.scalar(select(Job.id).where(Job.kind == AssessProduct.kind, Job.lease_until.is_not(None)))
            is not None
        )


@on_sqlite
def test_pages_answer_while_a_large_product_is_assessed_and_bombs_are_dropped(world, served, worker):  # noqa: F811
    product = world.product(world.person(), "Grand")
    system = product_file.from_dict(file_of(5_000))
    with world.database.writing() as session:
        rows = inventory.write_inventory(session, product.id, system.components, system.links)
        analysis.write_assets(session, product.id, system.assets, rows)
    bomb = packed(2)
    idle = {page: asked(served.address, page, 60) for page in PAGES}
    results.enqueue_missing(world.database)
    for _ in range(900):  # the worker looks each minute
        if claimed(world):
            break
        threading.Event().wait(0.1)
    assert claimed(world)
    said: list[str] = []
    droppers = [
        threading.Thread(target=lambda: said.extend(dropped(served.address, bomb) for _ in range(BOMBS // 4)))
        for _ in range(4)
    ]
    for thread in droppers:
        thread.start()
    busy = {page: asked(served.address, page, 60) for page in PAGES}
    for thread in droppers:
        thread.join()
    assert len(said) == BOMBS and all("pour être lu" in page or "réessayez dans quelques" in page for page in said)
    assert claimed(world)  # it was under way all along
    ratios = {page: busy[page] / idle[page] for page in PAGES}
    print(f"busy beside idle: { {page: round(ratio, 2) for page, ratio in ratios.items()} }")
    # Twice is the aim, 0.8 to 1.0 what was measured; a machine that tests share has its own swings, and what
    # stays under a twentieth of a second is noticed by nobody.
    assert all(busy[page] < max(3 * idle[page], 0.05) for page in PAGES), (idle, busy)
