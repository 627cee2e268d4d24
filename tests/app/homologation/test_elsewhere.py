"""A homologation made elsewhere is declared with its document, and public once another person of the incubator confirms it."""

import io
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from app.homologation import register
from app.homologation.kinds import DossierState, Outcome
from app.homologation.models import ConfirmedElsewhere, Dossier
from app.identity.kinds import Role
from app.platform import clock
from app.products import services as products
from tests.conftest import on_sqlite
from tests.factories.homologation import PAGE, SHOWN, run_jobs
from tests.factories.study import text

CONFIRM = f"{PAGE}/ailleurs/confirmer"


def declared(world, person, **more):
    given = {"origin": "paper", "authority": "Andrée Laurent, directrice", "outcome": "favourable", "months": "12"}
    given |= {"decided_on": clock.today().isoformat()}
    file = {"file": (io.BytesIO(SHOWN.content), "decision.pdf")}
    return world.visitor(person).post("/produits/exemple/dossier/ailleurs", given | file | more)


@pytest.fixture
def incubator(world):
    """A product in the public register, its owner, and two members of its incubator."""
    owner = world.person()
    world.filled(owner)
    members = []
    for email, name in (("lea.b@exemple.test", "Léa Bon"), ("hugo.c@exemple.test", "Hugo Cap")):
        members.append(world.person(email, name))
        world.give(members[-1], Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    with world.app.test_request_context(), world.session() as session:
        register.show_publicly(session, owner, products.load_product(session, "exemple"), shown=True)
    return world, owner, members


@on_sqlite
def test_it_carries_its_document(incubator):
    world, owner, _ = incubator
    assert "Joignez le document signé" in text(declared(world, owner, file=(io.BytesIO(b""), "")))


def test_it_is_public_once_somebody_else_confirmed_it_and_its_badge_says_declared(incubator):
    world, owner, (lea, hugo) = incubator
    assert declared(world, lea).status_code == 302
    anybody = world.visitor()
    assert "Exemple" not in text(anybody.get("/registre"))
    assert anybody.get("/registre/exemple.json").json["standing"] == "none"
    assert "aucune" in text(anybody.get("/registre/exemple.svg"))
    page = text(world.visitor(hugo).get(PAGE))
    assert "Déclarée ici par Léa Bon" in page and "elle n’est pas publique" in page
    assert world.visitor(owner).post(CONFIRM).status_code == 404
    assert "Personne ne fait cet acte pour soi-même" in text(world.visitor(lea).post(CONFIRM))
    assert "aucune" in text(anybody.get("/registre/exemple.svg"))
    assert world.visitor(hugo).post(CONFIRM).status_code == 302
    assert "Exemple" in text(anybody.get("/registre"))
    assert "(déclarée)" in text(anybody.get("/registre/exemple.svg"))
    assert anybody.get("/registre/exemple.json").json["signature"] == "declared"
    assert "Confirmée par Hugo Cap" in text(world.visitor(owner).get(PAGE))
    assert "rien à confirmer" in text(world.visitor(hugo).post(CONFIRM))


@on_sqlite
def test_one_of_a_table_is_confirmed_with_its_document(incubator):
    world, _, (lea, hugo) = incubator
    row = "produit;origine;autorite;date;mois;decision\nexemple;papier;Andrée Laurent;2026-03-01;12;favorable\n"
    sent = {"file": (io.BytesIO(row.encode()), "lignes.csv")}
    assert world.visitor(lea).post("/homologations/importer", sent).status_code == 302
    assert "Joignez le document signé" in text(world.visitor(hugo).post(CONFIRM))
    sent = {"file": (io.BytesIO(SHOWN.content), "decision.pdf")}
    assert world.visitor(hugo).post(CONFIRM, sent).status_code == 302
    with world.database.reading() as session:
        digest = session.scalar(select(ConfirmedElsewhere.document_sha256))
    assert world.visitor(lea).get(f"{PAGE}/documents/{digest}").data == SHOWN.content


def declared_on(world, person, day, **more):
    return declared(world, person, decided_on=day.isoformat(), **more)


@pytest.mark.parametrize("outcome", ["refused", "favourable"])
def test_what_a_team_declares_masks_no_decision_of_the_authority(incubator, outcome):
    world, owner, (_, hugo) = incubator
    people = world.cast(world.reload())
    with time_machine.travel(clock.now() - timedelta(days=1), tick=True):
        dossier = world.before_authority(owner, world.reload(), people)
    assert "est devant son autorité" in text(declared(world, owner))
    with world.app.test_request_context(), world.session() as session:  # declared all the same, as until December 2026
        session.execute(update(Dossier).where(Dossier.id == dossier.id).values(state=DossierState.DRAFT))
        session.flush()
        session.commit()
    assert declared(world, owner).status_code == 302
    with world.session() as session:
        session.execute(update(Dossier).where(Dossier.id == dossier.id).values(state=DossierState.DECISION))
        session.commit()
    wish = {"refused": (Outcome.REFUSED, None, "Trop de risques"), "favourable": (Outcome.FAVOURABLE, 12, "")}[outcome]
    world.decide(world.dossier(), people["authority"], *wish)
    run_jobs(world)
    second = CONFIRM.replace("/1/", "/2/")
    assert world.visitor(hugo).post(second).status_code == 409
    badge = world.visitor().get("/registre/exemple.json").json
    assert badge["standing"] == {"refused": "refused", "favourable": "current"}[outcome], badge
    shown = text(world.visitor(owner).get("/produits/exemple"))
    assert ("Homologation refusée" in shown) is (outcome == "refused")


def test_what_a_team_declares_closes_nothing_that_was_confirmed(incubator):
    world, owner, (lea, hugo) = incubator
    assert declared_on(world, lea, clock.today() - timedelta(days=20)).status_code == 302
    assert world.visitor(hugo).post(CONFIRM).status_code == 302
    refused = {"outcome": "refused", "months": "", "reservations": "Non"}
    assert declared_on(world, owner, clock.today() - timedelta(days=2), **refused).status_code == 302
    assert world.visitor().get("/registre/exemple.json").json["standing"] == "current"
    assert "Exemple" in text(world.visitor().get("/registre"))


@on_sqlite
def test_reservations_that_say_nothing_are_refused(incubator):
    world, owner, _ = incubator
    assert "ne dit rien" in text(declared(world, owner, outcome="with_reservations", reservations="-"))
