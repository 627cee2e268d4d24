"""A real server with its worker, and Debian's Chromium."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import ROOT, free_port
from tests.oidc_provider import oidc_provider
from tests.serving import wait_until_up

ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


@dataclass
class Server:
    address: str
    mail: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """The application as `make run` serves it, on its own SQLite file with the demonstration, beside a provider of identities."""
    folder = tmp_path_factory.mktemp("server")
    port = free_port()
    address = f"http://localhost:{port}"  # security keys know no numbers
    with oidc_provider(free_port(), address) as settings:
        yield from _serve(folder, port, address, settings)


def _serve(folder: Path, port: int, address: str, settings: dict[str, str]) -> Iterator[Server]:
    environment = os.environ | settings
    environment |= {
        "JALON_INSTANCE": str(folder),
        "PORT": str(port),
        "JALON_BASE_URL": address,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "WEB_CONCURRENCY": "1",
    }
    environment.pop("DATABASE_URL", None)
    for command in ("migrate", "demo"):
        subprocess.run(["jalon", command], env=environment, check=True, capture_output=True, cwd=ROOT)
    with (folder / "log").open("wb") as log:
        processes = [
            subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
            for command in (["gunicorn", "wsgi:app"], ["jalon", "worker"])
        ]
        wait_until_up(address, processes[0])
        yield Server(address, folder / "mail")
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(timeout=30)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Ended with this folder: its event loop would stay in the way of what seals and checks PDFs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()
