"""Until when something may be accepted: one bound, on both sides of its edge, wherever people accept."""

from datetime import date, timedelta

import pytest

from app.analysis import findings, register, services
from app.analysis.acceptance import check_until
from app.analysis.register import Choice
from app.homologation import services as homologation
from app.platform import clock
from app.platform.refusals import Refusal
from app.products import services as products
from risk_models.rules import schedule
from risk_models.scales import Treatment
from tests.conftest import on_sqlite


def refused(act) -> bool:
    try:
        act()
    except Refusal as refusal:
        assert refusal.field in {"until", "accepted_until"}
        return True
    return False


@on_sqlite
@pytest.mark.parametrize("place", ["dossier", "register", "finding", "rule"])
def test_an_acceptance_ends_after_today_and_within_the_longest_homologation(world, place):
    last = schedule.add_months(clock.today(), 36)
    owner = world.person()
    world.filled(owner)
    with world.app.test_request_context(), world.session() as session:
        product = products.load_product(session, "exemple")
        system = services.read_system(session, product)
        dossier = homologation.dossier_of(session, product.id, homologation.open_new(session, owner, product).number)
        finding = services.assess_system(system).findings[0]

        def accept(until: date) -> None:
            match place:
                case "dossier":
                    homologation.propose_acceptance(session, owner, product, dossier, "Chute", until)
                case "register":
                    line = register.read_lines(register.rows_of(session, product.id), system)[0]
                    register.treat_risk(session, owner, product, line, Choice(Treatment.ACCEPT, "", until))
                case "finding":
                    if findings.read_acceptances(session, product.id):
                        findings.reopen_finding(session, owner, product, finding)
                    findings.accept_finding(session, owner, product, finding, reason="Vu", until=until)
                case _:
                    check_until(until, "until")

        for day, wrong in (
            (clock.today(), True),
            (clock.today() + timedelta(days=1), False),
            (last, False),
            (last + timedelta(days=1), True),
            (date(2060, 1, 1), True),
        ):
            assert refused(lambda day=day: accept(day)) is wrong, day
