"""Folders and archives that a stranger may have made: what is read of them is bounded, in what it is and how long it takes."""

import io
import os
import tarfile
import zipfile

import pytest

from risk_models.draft import UnreadableTree, draft_product
from risk_models.draft.tree import MOST_FILE, from_archive, from_folder
from tests.factories.repositories import COMPOSE, files, names, tarred, zipped


def test_tests_and_fixtures_say_nothing_of_the_product(tmp_path):
    found = files(
        {
            "tests/docker-compose.yml": COMPOSE,
            "e2e/package.json": '{"dependencies": {"redis": "1.0.0"}}',
            "Procfile": "web: x\n",
        }
    )
    assert names(found) == {"Application"}


def test_links_that_leave_or_loop_are_not_followed(tmp_path):
    (tmp_path / "Procfile").write_text("web: x\n")
    outside = tmp_path.parent / "outside.env"
    outside.write_text("BREVO_API_KEY=1\n")
    (tmp_path / ".env").symlink_to(outside)
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "compose.yaml")
    tree = from_folder(tmp_path)
    assert (".env", "link") in tree.skipped
    assert set(tree.texts) <= {"Procfile", "compose.yaml"}
    assert names(draft_product(tree)) == {"Application"}


def test_files_too_large_or_not_text_are_listed(tmp_path):
    (tmp_path / "Procfile").write_text("web: x\n")
    (tmp_path / ".env").write_bytes(b"\x00\x01\xff" * 10)
    (tmp_path / "docker-compose.yml").write_text("#" * (MOST_FILE + 10))
    (tmp_path / "package.json").write_bytes("{é}".encode("latin-1"))
    assert dict(from_folder(tmp_path).skipped) == {
        ".env": "not_text",
        "docker-compose.yml": "too_large",
        "package.json": "not_text",
    }


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_is_read_without_its_top_folder_and_nothing_outside(pack):
    members = {
        "produit-abc1234/Procfile": b"web: x\n",
        "../../etc/.env": b"BREVO_API_KEY=\n",
        "/abs/.env": b"GRIST_API_KEY=\n",
    }
    tree = from_archive(pack(members), "produit.zip")
    assert (tree.name, set(tree.texts)) == ("produit", {"Procfile"})
    assert sorted(why for _, why in tree.skipped) == ["outside", "outside"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rien", b"\x1f\x8b\x08\x00rien", b"<html></html>"])
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(UnreadableTree):
        draft_product(from_archive(io.BytesIO(content), "x.zip"))


_ENDLESS = {
    ".env": "A_URL=x\n" + " " * 100_000,
    "k8s/lignes.yaml": "kind: X\n" + "\n" * 50_000 + "z",
    "k8s/images.yaml": "image: a\n" * 20_000,
    ".github/workflows/a.yml": "on: push\n" + "\n" * 50_000 + "z",
    ".gitlab-ci.yml": 'a: "' + "gitlab " * 140_000 + '"',
    "a.tf": "\n" * 100_000 + "z",
    "docker-compose.yml": "services:\n" + "\n" * 100_000,
    "deux/docker-compose.yml": "services:\n a:\n  environment:\n" + "".join(f"  - AB_{n}=1\n" for n in range(10_000)),
    "Dockerfile": "FROM " + "${a:-" * 100_000,
    "config/settings.py": "env."
    + "a." * 400_000
    + "\n"
    + "environ(" * 20_000
    + "\n"
    + "\n".join(["redis ${AB:"] * 20_000),
    ".github/workflows/b.yml": "on: push\n" + "a.osc-" + "a-" * 400_000 + "\n" * 50_000,
}


@pytest.mark.parametrize("path", _ENDLESS)
def test_no_text_makes_reading_endless(path):
    """A pattern that goes back on its steps takes hours on these."""
    names_found = names(files({path: _ENDLESS[path], "package.json": '{"dependencies": {"express": "4"}}'}))
    assert "Application Express" in names_found


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_an_endless_header_is_refused_before_it_is_read(kind):
    info = tarfile.TarInfo("Procfile")
    info.type, info.size = kind, 3_000_000_000
    with pytest.raises(UnreadableTree) as error:
        from_archive(io.BytesIO(info.tobuf()), "x.tar")
    assert error.value.code == "too_large"


def test_a_damaged_lzma_archive_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("Procfile", "web: x\n" * 5_000)
    damaged = bytearray(out.getvalue())
    damaged[50:90] = b"\xff" * 40
    with pytest.raises(UnreadableTree):
        from_archive(io.BytesIO(bytes(damaged)), "x.zip")


def test_a_bomb_is_bounded():
    bomb = {".env": b"\0" * 50_000_000, "a/Procfile": b"web: x\n", "b/docker-compose.yml": b"#" * 50_000_000}
    for pack in (zipped, tarred):
        tree = from_archive(pack(bomb), "bombe.zip")
        assert {path for path, why in tree.skipped if why == "too_large"} == {".env", "b/docker-compose.yml"}


def test_a_link_within_an_archive_is_not_followed():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(".env")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
        info = tarfile.TarInfo("Procfile")
        info.size = 7
        archive.addfile(info, io.BytesIO(b"web: x\n"))
    assert from_archive(out, "a.tar").skipped == [(".env", "link")]
