"""A dispensation from the request of a team to the answer of its authority, through HTTP."""

import io
from datetime import date

from sqlalchemy import select

from app.homologation import sealing
from app.homologation.dispensation_models import Dispensation
from app.homologation.kinds import Act
from app.platform import clock
from risk_models.rules import schedule

PAGE = "/produits/exemple/dispenses"
REASON = "Le formulaire ouvre lundi après les inondations ; dix agents le tiennent."


def in_months(months: int) -> date:
    return schedule.add_months(clock.today(), months)


def ask_dispensation(world, owner, people, case="experiment", *, ends_on=None, reason=REASON, file=None):
    """The team asks; with a document where `file` names one."""
    given = {"case": case, "reason": reason, "authority": people["authority"].id}
    given["ends_on"] = (ends_on or in_months(6)).isoformat()
    if file:
        given["file"] = (io.BytesIO(b"Qualification 12"), file)
    return world.visitor(owner).post(f"{PAGE}/demander", given)


def grant_dispensation(world, person, number: int = 1, **changed):
    """Reads the page to sign, then signs it."""
    visitor, page, code = world.visitor(person), f"{PAGE}/{number}/accorder", world.code(person)
    shown = visitor.get(page)
    if shown.status_code != 200:
        return shown
    signed = shown.get_data(as_text=True).split('name="signed_sha256" value="')[1].split('"')[0]
    return visitor.post(page, {"signed_sha256": signed, "code": code} | changed)


def answer_dispensation(world, person, what: str, reason: str, number: int = 1):
    """`what`: `refuser` or `terminer`."""
    return world.visitor(person).post(f"{PAGE}/{number}/{what}", {"reason": reason, "code": world.code(person)})


def sealed_page(world, act: Act) -> bytes:
    """The file of the only dispensation."""
    with world.database.reading() as session:
        found = session.scalars(select(Dispensation)).one()
        return world.app.extensions["storage"].get(sealing.issued_files(session, found, act)[0].sha256)
