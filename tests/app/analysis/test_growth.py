"""The queries of a page of the analysis do not grow with 10, 100, 1,000 components, measures, scenarios and proofs."""

from datetime import date
from itertools import pairwise

from app.analysis import register
from app.analysis import services as analysis
from app.analysis.study_models import RiskSource, Stakeholder
from app.demo_study import make_ready
from app.evidence.importers import Reading
from app.evidence.kinds import EvidenceSource
from app.evidence.services import Arrival, write_readings
from app.identity.kinds import Role
from app.inventory import services as inventory
from app.mitigations import services as mitigations
from app.platform import clock
from app.platform.database import new_id
from risk_models.scales import (
    Aim,
    Check,
    ComponentKind,
    Exposure,
    Hosting,
    LinkKind,
    MeasureStatus,
    ObservationState,
    Patcher,
    RiskSourceKind,
    Severity,
    StakeholderKind,
)
from risk_models.system import Component, EssentialAsset, Link, Measure
from tests.conftest import on_sqlite
from tests.factories.commons import bring, offered, use
from tests.factories.large_products import work
from tests.factories.queries import _queries

BASE = "/produits/exemple"
PAGES = [
    f"{BASE}{path}"
    for path in (
        "",
        "/demarche",
        "/demarche/niveau",
        "/demarche/craindre",
        "/demarche/composition",
        "/demarche/sources",
        "/demarche/scenarios",
        "/demarche/registre",
        "/demarche/versions/1",
        "/analyse",
        "/mesures",
        "/preuves",
        "/plan",
        "/plan/plan.csv",
        "/services",
        "/points-de-faiblesse",
        "/echeances",
    )
] + ["/incubateurs/dinum/services", "/incubateurs/dinum/outils"]


def _describe(world, product, size: int) -> None:
    """A product of `size` components in a chain, as many measures, told scenarios, stakeholders, sources and proofs."""
    names = [f"c{n}" for n in range(size)]
    kinds = (ComponentKind.WEB, ComponentKind.DATABASE)
    components = [
        Component(n, n, kinds[i % 2], Hosting.PAAS, Exposure.INTERNET if i == 0 else Exposure.INTERNAL, Patcher.TEAM)
        for i, n in enumerate(names)
    ]
    links = [Link(a, b, LinkKind.READS) for a, b in pairwise(names)]
    asset = EssentialAsset("dossiers", "Dossiers", (names[-1],), Severity(3), Severity(3), Severity(2))
    measures = [Measure("least_privilege", (n,), MeasureStatus.DONE) for n in names]
    measures += [Measure("mfa", (names[0],), MeasureStatus.PLANNED, date(2027, 1, 1), "Sacha")]
    with world.database.writing() as session:
        rows = inventory.write_inventory(session, product.id, components, links)
        analysis.write_assets(session, product.id, [asset], rows)
        mitigations.write_measures(session, product.id, measures, rows)
        known = len(register.rows_of(session, product.id))
        for n in range(known, size):
            told = register.new_told(f"Scénario {n}")
            told.product_id, told.severity, told.likelihood, told.deliberate = product.id, 2, 2, n % 2 == 0
            told.asset, told.need, told.why_not = "", None, ""
            session.add(told)
            ratings = dict.fromkeys(("dependency", "penetration", "maturity", "trust"), 2)
            named = {"id": new_id(), "product_id": product.id, "name": f"Partie {n}"}
            session.add(Stakeholder(**named, kind=StakeholderKind.SUPPLIER, **ratings))
            session.add(
                RiskSource(
                    id=new_id(),
                    product_id=product.id,
                    kind=RiskSourceKind.OTHER,
                    name=f"Source {n}",
                    aim=Aim.LUCRE,
                    motivation=2,
                    resources=2,
                    kept=True,
                )
            )
        readings = [
            Reading(Check.HTTP_HEADERS, f"https://site{n}.test", ObservationState.SEEN, holds=True, grade="A")
            for n in range(size)
        ]
        write_readings(session, product, readings, Arrival(EvidenceSource.DASHLORD, "dashlord", "", clock.today()))


@on_sqlite  # both kinds of database are asked the same queries
def test_the_queries_of_the_analysis_do_not_grow(world):
    world.jobs.run_within(world.app.test_request_context)
    owner = world.person()
    product = world.filled(owner)
    world.give(owner, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    visitor = world.visitor(owner)
    service = offered(visitor)
    bring(visitor, service)
    with world.session() as session:
        make_ready(session, owner, world.reload())
        analysis.finish_analysis(session, owner, world.reload())
    found: dict[int, dict[str, int]] = {}
    for size in (10, 100, 1000):
        _describe(world, product, size)
        use(visitor, service, "c0", "c2")
        work(world)  # the largest is assessed beside the site
        found[size] = {path: _queries(world, visitor, path) for path in PAGES}
    assert found[100] == found[10]
    assert found[1000] == found[10]
