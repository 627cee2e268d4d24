"""The keys of the application: several at once, one for each use, rotated, lost."""

import dataclasses
import re

import pyotp
import pytest
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import delete, select

from app.evidence.models import Connector
from app.identity.models import SecondFactor
from app.platform import clock
from app.platform.secrets import Unopenable, decrypt_text, derived_texts, encrypt_text
from tests.factories.settings import KEY

OTHER = KEY[::-1]


def with_keys(world, *keys: str) -> None:
    world.app.config["SETTINGS"] = dataclasses.replace(world.app.config["SETTINGS"], secret_keys=keys)


def test_the_first_key_writes_and_all_of_them_read(world):
    with_keys(world, KEY)
    with world.app.app_context():
        old = encrypt_text("s3cret")
    with_keys(world, OTHER, KEY)
    with world.app.app_context():
        assert decrypt_text(old) == "s3cret"
        new = encrypt_text("s3cret")
    with_keys(world, KEY)
    with world.app.app_context(), pytest.raises(Unopenable):
        decrypt_text(new)


def test_each_use_has_its_own_key():
    uses = [derived_texts([KEY, OTHER], use) for use in ("cookies", "forms", "entrusted secrets")]
    assert len({key for keys in uses for key in keys}) == 6


def test_a_cookie_of_the_former_key_still_signs_in(world, tmp_path):
    from app.factory import configure_app

    person = world.person()
    settings = dataclasses.replace(world.app.config["SETTINGS"], secret_keys=(KEY,))
    configure_app(world.app, settings)
    visitor = world.visitor(person)
    opened = visitor.get("/compte/rappels")
    assert opened.status_code == 200
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', opened.get_data(as_text=True))[1]
    configure_app(world.app, dataclasses.replace(settings, secret_keys=(OTHER, KEY)))
    assert visitor.get("/compte/rappels").status_code == 200
    assert visitor.client.post("/compte/rappels", data={"csrf_token": token}).status_code != 400
    configure_app(world.app, dataclasses.replace(settings, secret_keys=(OTHER,)))
    assert visitor.get("/compte/rappels").status_code == 302
    assert isinstance(world.app.session_interface, SecureCookieSessionInterface)


def test_rotating_leaves_nothing_under_the_former_key(world, monkeypatch):
    from click.testing import CliRunner

    from app.cli import secrets as command

    person = world.person()
    product = world.product(person)
    with_keys(world, KEY)
    world.code(person)
    with world.app.app_context(), world.database.writing() as session:
        session.add(
            Connector(
                product_id=product.id,
                kind="updown",
                token=encrypt_text("jeton"),
                added_by="A",
                added_at=person.created_at,
                next_run_at=person.created_at,
            )
        )
    with_keys(world, OTHER, KEY)
    monkeypatch.setattr(command, "create_app", lambda: world.app)
    done = CliRunner().invoke(command.secrets, ["rotate"])
    assert done.exit_code == 0 and "2 secrets" in done.output, done.output
    with_keys(world, OTHER)
    with world.app.app_context(), world.database.reading() as session:
        assert decrypt_text(session.scalar(select(Connector.token))) == "jeton"
        assert decrypt_text(session.scalar(select(SecondFactor.secret))) == world.secret_of(person)
    with_keys(world, KEY)
    lost = CliRunner().invoke(command.secrets, ["rotate"])
    assert lost.exit_code == 1 and "not in JALON_SECRET_KEY" in lost.output


def test_a_lost_key_is_a_sentence_at_the_second_factor(scene):
    world, _, people, dossier = scene
    authority = people["authority"]
    code = world.code(authority)
    with_keys(world, OTHER)
    shown = world.visitor(authority).post("/compte/second-facteur/confirmer", {"code": code})
    assert shown.status_code == 200 and "la clé de ce serveur a changé" in shown.get_data(as_text=True)
    page = "/produits/exemple/dossier/1"
    choices = {
        "outcome": "favourable",
        "exploited_reason": "Coupé d’internet",
        "months": "12",
        "shown_sha256": dossier.content_sha256,
    }
    sign = world.visitor(authority).post(f"{page}/decision", choices).get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', sign))
    hidden.pop("csrf_token", None)
    refused = world.visitor(authority).post(f"{page}/signer", hidden | {"code": code})
    assert refused.status_code == 200 and "la clé de ce serveur a changé" in refused.get_data(as_text=True)
    assert world.visitor(authority).get("/demonstration/courriels").status_code == 200


def test_a_factor_under_a_lost_key_hides_no_other(world):
    person = world.person()
    world.code(person)
    lost, kept = pyotp.random_base32(), pyotp.random_base32()
    with_keys(world, KEY)
    with world.app.app_context(), world.database.writing() as session:
        session.execute(delete(SecondFactor))
        session.add(
            SecondFactor(
                person_id=person.id,
                kind="totp",
                name="Vieux",
                secret=encrypt_text(lost),
                added_at=clock.now(),
                signs_from=clock.now(),
            )
        )
    with_keys(world, OTHER)
    with world.app.app_context(), world.database.writing() as session:
        session.add(
            SecondFactor(
                person_id=person.id,
                kind="totp",
                name="Neuf",
                secret=encrypt_text(kept),
                added_at=clock.now(),
                signs_from=clock.now(),
            )
        )
    code = pyotp.TOTP(kept).now()
    assert world.visitor(person).post("/compte/second-facteur/confirmer", {"code": code}).status_code == 302


def test_the_queue_holds_ids_and_no_pickle(tmp_path):
    """Reading pickle runs what it says: whoever could write in the queue ran code in the workers."""
    import sqlite3

    from app.platform.jobs import Jobs

    jobs = Jobs(f"sqlite:///{tmp_path / 'jobs.db'}", 20)
    from datetime import timedelta

    from app.platform import clock

    jobs.ring("0123456789abcdef", clock.now())
    jobs.ring("fedcba9876543210", clock.now() + timedelta(hours=1))
    with sqlite3.connect(tmp_path / "jobs.db") as database:
        held = [row[0] for table in ("task", "schedule") for row in database.execute(f"SELECT data FROM {table}")]
    import json

    said = [json.loads(data) for data in held]
    assert sorted(message["arguments"][0] for message in said) == ["0123456789abcdef", "fedcba9876543210"]
    assert all(set(message) == {"task", "id", "arguments", "eta"} for message in said)
