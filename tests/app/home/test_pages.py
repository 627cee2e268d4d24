"""Pages for anybody: what is kept of them, and whom to tell of a flaw."""

from dataclasses import replace

import pytest

from tests.conftest import on_sqlite

CONTACT = "securite@exemple.gouv.fr"


@pytest.fixture
def reachable(world):
    world.app.config["SETTINGS"] = replace(world.app.config["SETTINGS"], security_contact=CONTACT)
    return world


@on_sqlite
def test_the_privacy_page_says_ground_time_and_rights(reachable):
    page = reachable.visitor().get("/donnees-personnelles").get_data(as_text=True)
    for said in ("article 6.1.e", "dix ans", "effacement", "CNIL", f"mailto:{CONTACT}"):
        assert said in page


@on_sqlite
def test_security_txt_says_whom_to_tell_and_until_when(reachable):
    answer = reachable.visitor().get("/.well-known/security.txt")
    assert answer.content_type.startswith("text/plain")
    fields = dict(line.split(": ", 1) for line in answer.get_data(as_text=True).splitlines())
    assert fields["Contact"] == f"mailto:{CONTACT}"
    assert {"Expires", "Canonical"} <= fields.keys()


@on_sqlite
def test_without_a_contact_there_is_no_security_txt(world):
    assert world.visitor().get("/.well-known/security.txt").status_code == 404
