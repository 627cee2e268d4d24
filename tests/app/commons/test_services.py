"""What an incubator offers to all: inherited by use only, told when it changes, apart from what a team does itself."""

import re
from datetime import timedelta
from hashlib import sha256

import pytest
from lxml import html
from sqlalchemy import select, update

from app.analysis import services as analysis
from app.analysis import versions
from app.commons.models import CommonMeasure, CommonService, ServiceUse
from app.identity.kinds import Role
from app.journal.models import JournalEntry
from app.platform import clock
from app.product_files import files
from risk_models import assess, product_file
from risk_models.scales import ProofState
from risk_models.study import ServiceProof
from tests.factories.commons import HOME, PROOF, bring, offered, prove, use
from tests.factories.study import revision, text


@pytest.fixture
def lead(world):
    owner = world.person()
    product = world.filled(owner)
    person = world.person("chef@exemple.test", "Cheffe Durand")
    world.give(person, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    return world.visitor(person)


@pytest.fixture
def team(world, lead):
    return world.visitor(world.person())


def system(world):
    with world.session(writing=False) as session:
        return analysis.read_system(session, world.reload())


def inherited(world):
    return [m for m in system(world).measures if m.inherited_from]


def test_a_product_inherits_only_what_it_uses_and_where(world, lead, team):
    address = offered(lead)
    bring(lead, address)
    bring(lead, address, "crisis_channel")
    assert inherited(world) == []
    before = assess(system(world)).loss
    assert use(team, address, "metabase", "base").status_code == 302
    found = {m.measure: m for m in inherited(world)}
    assert found["waf"].on == ("metabase",)  # a firewall has no effect on a database
    assert found["crisis_channel"].on == ()
    assert found["waf"].inherited_from == "Pare-feu Baleen"
    assert assess(system(world)).loss < before
    page = text(team.get("/produits/exemple/mesures"))
    assert "Héritées d’un service commun" in page and "Pare-feu Baleen" in page
    team.post(f"{address.replace('/incubateurs/dinum', '/produits/exemple')}/quitter")
    assert inherited(world) == []


def test_the_proof_of_the_service_is_that_of_all_who_inherit(world, lead, team):
    address = offered(lead)
    prove(lead, address, clock.today())
    use(team, address, "metabase")
    assert inherited(world)[0].proof is ProofState.FRESH
    fresh = assess(system(world)).loss
    prove(lead, address, clock.today() - timedelta(days=800))
    assert inherited(world)[0].proof is ProofState.STALE
    assert assess(system(world)).loss > fresh


def test_the_copy_of_a_proof_is_read_by_who_inherits_and_stands_in_the_dossier(world, lead, team):
    address = offered(lead)
    prove(lead, address, clock.today())
    use(team, address, "metabase")
    copies = [
        html.fromstring(text(visitor.get(page))).xpath("//a[.='contrat.txt']/@href")[0]
        for visitor, page in ((lead, address), (team, "/produits/exemple/services"))
    ]
    assert [visitor.get(copy).get_data() for visitor, copy in zip((lead, team), copies, strict=True)] == [PROOF] * 2
    stranger = world.visitor(world.person("autre@exemple.test", "Autre"))
    assert {stranger.get(copy).status_code for copy in copies} == {404}
    bring(lead, address, "crisis_channel")
    assert team.get(copies[1].replace("/waf/", "/crisis_channel/")).status_code == 404
    with world.session(writing=False) as session:
        product = world.reload()
        assets = analysis.assets_of(session, product.id)
        found = versions.study_of(session, product, analysis.read_system(session, product), assets)
    shown = found.services[0].proofs
    assert shown == (ServiceProof("waf", "https://exemple.test/waf", "contrat.txt", sha256(PROOF).hexdigest()),)


def test_an_address_without_a_copy_shows_nothing(world, lead, team):
    """As proofs were given until December 2026."""
    address = offered(lead)
    prove(lead, address, clock.today())
    use(team, address, "metabase")
    with world.database.writing() as session:
        session.execute(update(CommonMeasure).values(proof_sha256=None, proof_name=""))
    assert inherited(world)[0].proof is None
    assert "Sans copie gardée" in text(team.get("/produits/exemple/services"))


def test_a_measure_brought_again_without_its_proof_is_a_word(world, lead, team):
    address = offered(lead)
    prove(lead, address, clock.today())
    use(team, address, "metabase")
    bring(lead, address)
    assert inherited(world)[0].proof is None
    assert "contrat.txt" not in text(lead.get(address))


def test_a_change_is_told_to_every_team_that_inherits(world, lead, team):
    address = offered(lead)
    use(team, address, "metabase")
    bring(lead, address)
    lead.post(f"{address}/mesures/waf/retirer")
    lead.post(address, {"name": "Pare-feu", "revision": revision(text(lead.get(address)))})
    lead.post(f"{address}/retirer")
    with world.app.test_request_context():
        world.jobs.run_due()
    mails = [m for m in world.mails() if "Pare-feu" in m]
    assert len(mails) == 4
    assert all(m.startswith("camille@exemple.test") for m in mails)
    said = "\n".join(mails)
    for words in ("apporte une mesure de plus", "n’apporte plus la mesure", "a changé", "n’est plus offert"):
        assert words in said
    with world.session(writing=False) as session:
        lines = session.scalars(select(JournalEntry).where(JournalEntry.action == "common_service_changed")).all()
        assert {line.product_id for line in lines} == {world.reload().id}
        assert session.scalar(select(ServiceUse)) is None


def test_a_product_file_cannot_claim_what_a_service_brings(world, lead, team):
    address = offered(lead)
    bring(lead, address)
    use(team, address, "metabase")
    complete = product_file.dumps(system(world))
    assert "inherited_from: Pare-feu Baleen" in complete
    with world.session() as session:
        product = world.reload()
        files.replace_product(session, world.person(), product, files.read_product_file(complete))
    team.post(f"{address.replace('/incubateurs/dinum', '/produits/exemple')}/quitter")
    assert not any(m.measure == "waf" for m in system(world).measures)
    assert "inherited_from" not in product_file.dumps(described(world))


def described(world):
    with world.session(writing=False) as session:
        return analysis.described_system(session, world.reload())


@pytest.mark.parametrize(
    ("measure", "values", "said"),
    [
        ("inconnue", {}, "pas au catalogue"),
        ("waf", {"proof_link": "javascript:x"}, "https://"),
        ("waf", {"proof_link": "https://exemple.test"}, "Joignez-en une copie"),
        ("waf", {"proof_on": "2026-01-01"}, "Joignez-en une copie"),
        ("waf", {"file": (PROOF, "contrat.txt")}, "De quel jour"),
        ("waf", {"file": (PROOF, "contrat.txt"), "proof_on": "2099-01-01"}, "d’aujourd’hui ou d’avant"),
        ("waf", {"file": (PROOF, "contrat.exe"), "proof_on": "2026-01-01"}, "Joignez un PDF"),
    ],
)
def test_a_bad_measure_is_refused(world, lead, measure, values, said):
    address = offered(lead)
    answer = bring(lead, address, measure, **values)
    assert answer.status_code == 200 and said in text(answer)


def test_bad_uses_are_refused(world, lead, team):
    address = offered(lead)
    assert "Cochez au moins un composant" in text(use(team, address))
    assert "Cochez au moins un composant" in text(use(team, address, "inconnu"))
    assert lead.post(f"{HOME}/nouveau", {"name": "pare-feu baleen"}).status_code == 200
    assert lead.post(f"{HOME}/nouveau", {"name": ""}).status_code == 200
    with world.session(writing=False) as session:
        assert len(session.scalars(select(CommonService)).all()) == 1


def test_what_a_colleague_declared_of_a_service_is_not_overwritten(world, lead, team):
    address = offered(lead)
    service = address.rsplit("/", 1)[1]
    page, action = "/produits/exemple/services", f"/produits/exemple/services/{service}"
    opened = html.fromstring(text(team.get(page)))
    shown = opened.xpath(f"//input[@name='{service}-revision']/@value")[0]
    assert use(team, address, "web", "base").status_code == 302
    late = team.post(action, {f"{service}-components": ["metabase"], f"{service}-revision": shown})
    assert "a enregistré" in text(late)
    with world.database.reading() as session:
        assert session.scalar(select(ServiceUse.components)) == ["base", "web"]


def test_only_the_incubator_describes_and_only_its_products_use(world, lead, team):
    address = offered(lead)
    assert team.get(HOME).status_code == 404
    assert team.post(f"{address}/mesures", {"measure": "waf"}).status_code == 404
    stranger = world.person("autre@exemple.test", "Autre")
    world.incubator("mtes")
    world.product(stranger, "Autre", incubators=("mtes",))
    service = address.rsplit("/", 1)[1]
    visitor = world.visitor(stranger)
    assert visitor.post(f"/produits/autre/services/{service}", {f"{service}-components": ["x"]}).status_code == 404
    assert "aucun service commun" in text(visitor.get("/produits/autre/services"))


def test_two_people_at_one_service_see_each_other(world, lead):
    address = offered(lead)
    mine = revision(text(lead.get(address)))
    lead.post(address, {"name": "Pare-feu A", "revision": mine})
    page = text(lead.post(address, {"name": "Pare-feu B", "revision": mine}))
    assert "entre-temps" in page and "Pare-feu A" in page and 'value="Pare-feu B"' in page
    assert re.search(r'name="revision"[^>]*value="2"', page)
