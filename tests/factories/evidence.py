"""Proofs as tools and persons give them."""

import io
import re
from datetime import date

from sqlalchemy import select

from app.evidence import services
from app.evidence.importers import Reading
from app.evidence.kinds import EvidenceSource
from app.platform import clock
from risk_models.scales import ObservationState
from tests.conftest import ROOT

SAMPLES = ROOT / "tests" / "data" / "evidence"


def with_measure(world, measure: str, on: str):
    owner = world.person()
    world.filled(owner)
    visitor = world.visitor(owner)
    answer = visitor.post(f"/produits/exemple/mesures/nouvelle?mesure={measure}", {"status": "done", "on": on})
    assert answer.status_code == 302
    page = visitor.get("/produits/exemple/preuves").get_data(as_text=True)
    address = re.search(r'href="(/produits/exemple/mesures/\w+/preuve)">Joindre[^<]*<span[^>]*> : [^<]*', page)
    links = re.findall(r'href="(/produits/exemple/mesures/(\w+)/preuve)"', page)
    with world.session(writing=False) as session:
        from app.mitigations.models import Measure

        row = session.scalar(select(Measure).where(Measure.measure == measure))
    assert address and row.id in {found for _, found in links}
    return visitor, f"/produits/exemple/mesures/{row.id}/preuve"


def give(visitor, path: str, day: date, **more):
    return send(visitor, path, {"observed_on": day.isoformat(), **more})


def send(visitor, path: str, data: dict):
    if "file" in data:
        name, content = data["file"]
        data = data | {"file": (io.BytesIO(content), name)}
    return visitor.post(path, data, content_type="multipart/form-data")


def write(world, product, readings, source="dashlord"):
    arrival = services.Arrival(EvidenceSource(source), source, "0" * 64, clock.today())
    with world.database.writing() as session:
        return services.write_readings(session, product, readings, arrival)


def reading(check, state=ObservationState.SEEN, *, holds=True, subject="https://a.test", on=None):
    return Reading(check, subject, state, holds, "A" if holds else "F", on or clock.today())


def proof(world, product, measure: str):
    with world.session(writing=False) as session:
        from app.analysis import services as analysis

        system = analysis.read_system(session, world.reload(product.slug))
    return next(m.proof for m in system.measures if m.measure == measure)
