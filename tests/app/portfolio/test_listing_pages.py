"""The incubator's list: filtered and sorted by its address, taken away as a spreadsheet, relaunched in one act."""

import csv
import io
import math
import re
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odf import opendocument
from odf.table import TableCell, TableRow
from sqlalchemy import event, select

from app.homologation import outside
from app.homologation import services as homologation
from app.homologation.kinds import Origin, Outcome
from app.homologation.outside import Elsewhere
from app.homologation.wishes import Wish
from app.identity.kinds import Role
from app.identity.models import Grant
from app.mitigations.models import LossPoint
from app.platform import clock, i18n
from app.platform.database import new_id
from app.portfolio import glances
from app.portfolio.models import Glance
from app.products import services as products
from app.products.models import Incubator
from risk_models.rules import schedule
from risk_models.rules.standing import ProductState
from risk_models.scales import PhaseName
from risk_models.system import Phase

pytestmark = pytest.mark.usefixtures("glances_kept")

PAGE = "/incubateurs/dinum"


@pytest.fixture
def scene(world):
    owner = world.person()
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    today = clock.today()
    world.product(owner, "Très en retard", start=today - timedelta(days=900))
    world.product(owner, "En retard", start=today - timedelta(days=300))
    world.product(owner, "Tout neuf", start=today - timedelta(days=10))
    world.product(owner, "Arrêté", phases=(Phase(PhaseName.ABANDON, today - timedelta(days=10)),))
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=products_incubator(world))
    return world, owner, member


def names(page: str) -> list[str]:
    return [part.split("</a>")[0].split(">")[-1] for part in page.split('<th scope="row">')[1:]]


def shown(world, member, query: str = "", page: str = PAGE) -> list[str]:
    return names(world.visitor(member).get(f"{page}{query}").get_data(as_text=True))


def test_the_most_overdue_comes_first(scene):
    world, owner, member = scene
    assert shown(world, member) == ["Très en retard", "En retard", "Tout neuf", "Arrêté"]
    page = world.visitor(member).get(PAGE).get_data(as_text=True)
    assert "Faire l’analyse de risques" in page and "dépassé de" in page
    assert f'<a href="mailto:{owner.email}">Camille Martin</a>' in page
    auditor = world.person("audit@exemple.test", "Audrey Petit")
    world.give(auditor, Role.AUDITOR)
    audited = world.visitor(auditor).get(PAGE).get_data(as_text=True)
    assert "Camille Martin" in audited and owner.email not in audited
    assert owner.email not in world.visitor(auditor).get(f"{PAGE}/produits.csv").get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?etat=analysis_overdue", ["Très en retard", "En retard"]),
        ("?q=retard&tri=nom", ["En retard", "Très en retard"]),
        ("?q=RETARD+très", ["Très en retard"]),
        ("?phase=abandon", ["Arrêté"]),
        ("?tri=nom", ["Arrêté", "En retard", "Tout neuf", "Très en retard"]),
        ("?etat=nulle-part&phase=x&tri=y&page=zz", ["Très en retard", "En retard", "Tout neuf", "Arrêté"]),
        ("?q=%25", []),
        ("?etat=expired", []),
    ],
)
def test_filters_are_in_the_address(scene, query, expected):
    world, _, member = scene
    assert shown(world, member, query) == expected


def test_lists_by_loss_drift_and_end_put_those_without_any_last(scene):
    world, owner, member = scene
    world.product(owner, "0 déchet", start=clock.today() - timedelta(days=10))
    with world.session() as session:
        for slug, loss, months in (("arrete", 1.5, 12), ("tout-neuf", 1200.0, 6), ("en-retard", 20.0, 24)):
            row, wish = products.load_product(session, slug), Wish(Outcome.FAVOURABLE, months, "")
            session.add(
                LossPoint(product_id=row.id, day=clock.today(), noted_at=clock.now(), loss=loss, residual_loss=0)
            )
            outside._add(session, owner, row, Elsewhere(Origin.PAPER, "A", clock.today(), wish), None)
        session.commit()
    assert shown(world, member, "?tri=perte") == ["Tout neuf", "En retard", "Arrêté", "0 déchet", "Très en retard"]
    assert shown(world, member, "?tri=fin") == ["Tout neuf", "Arrêté", "En retard", "0 déchet", "Très en retard"]
    assert shown(world, member, "?tri=derive") == ["0 déchet", "Arrêté", "En retard", "Tout neuf", "Très en retard"]


points = st.none() | st.floats(-1e8, 1e8).map(lambda value: round(value, 4))


@given(st.lists(points))
def test_places_sort_from_the_most_points_to_none(several):
    in_order = sorted(several, key=glances._most_first)
    assert in_order == sorted(several, key=lambda value: math.inf if value is None else -value)


def test_a_change_is_seen_at_once_and_a_new_day_too(scene):
    world, owner, member = scene
    assert shown(world, member, "?etat=homologated") == []
    with world.session() as session:
        row = products.load_product(session, "en-retard")
        outside._add(
            session, owner, row, Elsewhere(Origin.PAPER, "A", clock.today(), Wish(Outcome.FAVOURABLE, 12, "")), None
        )
        session.commit()
    assert shown(world, member, "?etat=homologated") == ["En retard"]
    with world.database.reading() as session:
        end = session.scalar(select(Glance.homologated_until).where(Glance.homologated_until.is_not(None)))
    import time_machine

    with time_machine.travel(f"{end + timedelta(days=1)}T09:00Z"):
        fresh = world.person("plus-tard@exemple.test", "Alix Petit")
        world.give(fresh, Role.INCUBATOR_MEMBER, incubator_id=products_incubator(world))
        page = world.visitor(fresh).get(f"{PAGE}?etat=expired").get_data(as_text=True)
        assert "ce que la liste en dit est d’avant" in page
        glances.refresh_glances(world.database)
        assert shown(world, fresh, "?etat=expired") == ["En retard"]
        assert "ce que la liste en dit est d’avant" not in world.visitor(fresh).get(PAGE).get_data(as_text=True)


def test_a_product_is_listed_by_each_of_its_incubators(scene):
    world, _, member = scene
    assert "En retard" in shown(world, member)
    with world.session() as session:
        row, other = products.load_product(session, "en-retard"), Incubator(id=new_id(), slug="autre", name="Autre")
        row.incubators.append(other)
        session.commit()
        linked = other.id
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=linked)
    assert "En retard" in shown(world, member)
    assert shown(world, member, page="/incubateurs/autre") == ["En retard"]


def test_a_reservation_is_the_next_act_from_its_last_month_by_its_own_day(scene):
    world, owner, member = scene
    lift_by = clock.today() + timedelta(days=60)
    with world.session() as session:
        row = products.load_product(session, "en-retard")
        wish = Wish(Outcome.WITH_RESERVATIONS, 12, "Chiffrer les sauvegardes", lift_by)
        outside._add(session, owner, row, Elsewhere(Origin.PAPER, "A", clock.today(), wish), None)
        session.commit()
    address = f"{PAGE}?etat=homologated"
    assert "Lever les réserves" not in world.visitor(member).get(address).get_data(as_text=True)
    for days in (-10, 1):
        with clock.at(datetime.combine(lift_by + timedelta(days=days), time(9), clock.PARIS)):
            person = world.person(f"lit{days}@exemple.test", "Alix Petit")
            world.give(person, Role.INCUBATOR_MEMBER, incubator_id=products_incubator(world))
            world.give(person, Role.TEAM_MEMBER, product_id=row.id)
            visitor, said = world.visitor(person), i18n._day_in(lift_by, "fr")
            page = visitor.get(address).get_data(as_text=True)
            assert "Lever les réserves de l’autorité" in page and f"au plus tard le {said}" in page
            letter = visitor.get(f"{PAGE}/relancer?produit=en-retard").get_data(as_text=True)
            assert f"lever les réserves de l’autorité. Date : {said} (" in letter
            assert f"lever les réserves de l’autorité, {said} (" in visitor.get("/").get_data(as_text=True)


def products_incubator(world) -> str:
    with world.database.reading() as session:
        return session.scalar(select(Incubator.id))


def test_a_dossier_says_whom_it_waits_for(world):
    owner = world.person()
    product = world.filled(owner)
    world.before_authority(owner, product, world.cast(product))
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=products_incubator(world))
    page = world.visitor(member).get(PAGE).get_data(as_text=True)
    assert "Décider de l’homologation" in page and "depuis le" in page
    assert re.search(r'<a href="mailto:[^"@]+@exemple.test">Andrée Laurent</a>', page)
    page = world.visitor(member).get(f"{PAGE}/relancer?produit=exemple").get_data(as_text=True)
    assert "attend quelqu’un d’autre que l’équipe" in page and "Envoyer" not in page


def test_the_view_is_taken_away_as_csv_and_ods(scene):
    world, owner, member = scene
    world.product(owner, "=2+3", start=clock.today() - timedelta(days=400))
    visitor = world.visitor(member)
    text = visitor.get(f"{PAGE}/produits.csv?etat=analysis_overdue").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [r["Produit"] for r in rows] == ["Très en retard", "'=2+3", "En retard"]
    assert rows[0]["Adresses"] == owner.email
    assert date.fromisoformat(rows[0]["Date de l’état"]) < clock.today()
    sheet = opendocument.load(io.BytesIO(visitor.get(f"{PAGE}/produits.ods").data))
    lines = sheet.getElementsByType(TableRow)
    assert len(lines) == 6
    dates = [c.getAttribute("datevalue") for c in lines[1].getElementsByType(TableCell) if c.getAttribute("datevalue")]
    assert dates == [rows[0]["Date de l’état"], rows[0]["Pour le"]]


def test_relaunches_are_shown_then_sent_once_a_day(scene):
    world, owner, member = scene
    world.jobs.run_within(world.app.test_request_context)
    visitor, path = world.visitor(member), f"{PAGE}/relancer"
    chosen = {"produit": ["tres-en-retard", "en-retard", "nulle-part"]}
    page = visitor.get(path, query_string=chosen).get_data(as_text=True)
    assert "Maxime Garcia attend de vos nouvelles" in page and "faire l’analyse de risques" in page
    assert world.mails() == []
    assert visitor.post(path, chosen | {"note": "Appelez-moi"}).status_code == 302
    world.jobs.run_due()
    mails = world.mails()
    assert len(mails) == 2 and all("Appelez-moi" in mail and owner.email in mail for mail in mails)
    page = visitor.get(path, query_string=chosen).get_data(as_text=True)
    assert "éjà relancée aujourd’hui" in page
    visitor.post(path, chosen)
    world.jobs.run_due()
    assert len(world.mails()) == 2


def test_a_whole_filtered_list_is_relaunched_but_for_who_owes_nothing(scene):
    world, _, member = scene
    page = world.visitor(member).get(f"{PAGE}?etat=analysis_overdue").get_data(as_text=True)
    assert "Relancer toute cette liste" in page
    page = world.visitor(member).get(f"{PAGE}/relancer?tous=1&etat=analysis_overdue").get_data(as_text=True)
    assert "Très en retard" in page and "Tout neuf" not in page and "Envoyer ces relances" in page
    page = world.visitor(member).get(f"{PAGE}/relancer?produit=arrete").get_data(as_text=True)
    assert "ien ne lui est demandé" in page and "Envoyer" not in page


@pytest.mark.parametrize(
    ("outcome", "months", "analysed", "act"),
    [
        (Outcome.FAVOURABLE, 36, False, "faire l’analyse de risques"),
        (Outcome.REFUSED, None, True, "préparer un nouveau dossier d’homologation"),
    ],
)
def test_neither_the_end_of_a_homologation_nor_the_day_of_a_refusal_is_said_to_be_that_of_another_act(
    scene, outcome, months, analysed, act
):
    world, owner, member = scene
    with world.session() as session:
        products.load_product(session, "tout-neuf").declared_analysis = analysed
        row, wish = products.load_product(session, "tout-neuf"), Wish(outcome, months, "" if months else "Trop tôt")
        outside._add(session, owner, row, Elsewhere(Origin.PAPER, "A", clock.today(), wish), None)
        session.commit()

    def said() -> str:
        return world.visitor(member).get(f"{PAGE}/relancer?produit=tout-neuf").get_data(as_text=True)

    assert act in said() and "Date :" not in said()
    with world.app.test_request_context(), world.session() as session:
        homologation.open_new(session, owner, products.load_product(session, "tout-neuf"))
    renewal = schedule.add_months(clock.today(), months) if months else None
    assert "terminer le dossier" in said() and ("Date :" in said()) is bool(renewal)
    assert renewal is None or str(renewal.year) in said()


def test_a_late_first_homologation_is_late_with_its_date(scene):
    world, owner, member = scene
    start = clock.today() - timedelta(days=800)
    product = world.product(owner, "Analysé sans suite", start=start)
    with world.session() as session:
        products.load_product(session, product.slug).declared_analysis = True
        session.commit()
    assert shown(world, member, "?etat=homologation_overdue") == ["Analysé sans suite"]
    page = world.visitor(member).get(PAGE).get_data(as_text=True)
    assert "Première homologation en retard" in page
    with world.database.reading() as session:
        row = session.scalar(select(Glance).where(Glance.slug == "analyse-sans-suite"))
        assert row.due == schedule.add_months(start, 12) and row.act == "homologate"
    late = world.visitor(member).get("/").get_data(as_text=True).split("En retard dans votre incubateur")[1]
    assert "Analysé sans suite" in late


def test_what_was_put_off_is_late_nowhere(scene):
    world, _, member = scene
    visitor, until = world.visitor(member), clock.today() + timedelta(days=20)
    given = {"until": until.isoformat(), "reason": "Équipe absente"}
    assert visitor.post("/produits/en-retard/echeances/analysis/reporter", given).status_code == 302
    assert shown(world, member, "?etat=analysis_overdue") == ["Très en retard"]
    with world.database.reading() as session:
        assert session.scalar(select(Glance.due).where(Glance.slug == "en-retard")) == until
    with world.session() as session:  # the card moves the day: what was put off stays so, and is not put off again
        products.load_product(session, "en-retard").phases[0].start += timedelta(days=30)
        session.commit()
    page = visitor.get("/produits/en-retard/echeances").get_data(as_text=True)
    assert "Équipe absente" in page and "Reporter cette échéance" not in page
    page = visitor.get("/produits/tres-en-retard/echeances").get_data(as_text=True)
    assert "Reporter cette échéance" not in page
    answer = visitor.post("/produits/tres-en-retard/echeances/analysis/reporter", given)
    assert "trop tard" in answer.get_data(as_text=True)


def test_a_page_past_the_end_is_the_last_one(scene):
    world, _, member = scene
    assert len(shown(world, member, "?page=9999")) == 4
    page = world.visitor(member).get(f"{PAGE}/calendrier?page=9999&q=neuf").get_data(as_text=True)
    assert "Tout neuf" in page and "Seul 1 produit répond aux filtres" in page


def test_a_bound_letter_is_found_by_both_its_letters(scene):
    world, owner, member = scene
    world.product(owner, "Œuvre")
    assert shown(world, member, "?q=oeuvre") == ["Œuvre"]


def test_where_nobody_is_in_the_team_the_contact_of_the_card_is_shown(scene):
    world, owner, member = scene
    world.product(owner, "Seul", contact="seul@exemple.test", start=clock.today() - timedelta(days=300))
    with world.session() as session:
        alone = select(Grant).where(Grant.product_id == products.load_product(session, "seul").id)
        session.delete(session.scalars(alone).one())
        session.commit()
    assert "seul@exemple.test" in world.visitor(member).get(f"{PAGE}?q=seul").get_data(as_text=True)


def test_who_may_not_relaunches_nobody(scene):
    world, owner, _ = scene
    auditor = world.person("audit@exemple.test", "Alix Petit")
    world.give(auditor, Role.AUDITOR, incubator_id=products_incubator(world))
    assert world.visitor(owner).get(PAGE).status_code == 404
    visitor = world.visitor(auditor)
    assert "Relancer les équipes" not in visitor.get(PAGE).get_data(as_text=True)
    assert visitor.post(f"{PAGE}/relancer", {"produit": "en-retard"}).status_code == 404
    assert visitor.get(f"{PAGE}/produits.csv").status_code == 200


def test_products_of_another_incubator_are_not_relaunched(scene):
    world, owner, member = scene
    with world.session() as session:
        session.add(Incubator(slug="autre", name="Autre"))
        session.commit()
    world.product(owner, "Ailleurs", incubators=("autre",))
    page = world.visitor(member).get(f"{PAGE}/relancer?produit=ailleurs").get_data(as_text=True)
    assert "Ailleurs" not in page


def test_the_queries_do_not_grow(scene):
    world, owner, member = scene
    visitor = world.visitor(member)

    def count() -> int:
        visitor.get(PAGE)
        seen = []
        event.listen(world.database.engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
        visitor.get(PAGE)
        return len(seen)

    few = count()
    for n in range(60):
        world.product(owner, f"Produit {n}")
    assert count() == few <= 12


def test_urgencies_have_their_words():
    from risk_models import catalogue

    assert all(catalogue.word(u, language) for u in ProductState for language in ("fr", "en"))


def test_the_calendar_draws_and_lists_the_same_deadlines(scene):
    world, _, member = scene
    page = world.visitor(member).get(f"{PAGE}/calendrier").get_data(as_text=True)
    drawing, _, table = page.partition("</svg>")
    assert drawing.count("<title>Analyse de risques, ") == 3 == table.count('data-label="Échéance"')
    assert "Arrêté" in drawing and "six mois après le début" in table
    assert "Très en retard" not in world.visitor(member).get(f"{PAGE}/calendrier?q=neuf").get_data(as_text=True)
