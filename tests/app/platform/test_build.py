"""Of which source this Jalon was made, as dossiers print it."""

import subprocess

from app.platform.build import read_commit
from risk_models.catalogue.reading import catalogue_sha256
from tests.conftest import ROOT


def git(folder, *words: str) -> str:
    named = ["-c", "user.name=A", "-c", "user.email=a@exemple.test"]
    done = subprocess.run(["git", *named, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_commit_is_that_of_the_settings_or_of_a_clone(tmp_path):
    assert read_commit("", tmp_path) == ""
    assert read_commit("0822bc1", tmp_path) == "0822bc1"
    git(tmp_path, "init", "-q")
    assert read_commit("", tmp_path) == ""  # nothing was ever committed
    (tmp_path / "a").write_text("a")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "A")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert read_commit("", tmp_path) == head
    (tmp_path / "a").write_text("b")
    assert read_commit("", tmp_path) == f"{head}-dirty"


def test_anybody_finds_the_hash_of_the_catalogue_again():
    folder = ROOT / "risk_models" / "catalogue"
    words = "LC_ALL=C sha256sum *.yaml | sha256sum"
    found = subprocess.run(words, shell=True, cwd=folder, check=True, capture_output=True, text=True)
    assert found.stdout.split()[0] == catalogue_sha256()
