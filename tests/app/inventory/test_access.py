"""Who signs in to a component, which keys it keeps and gives: asked on its page, kept, shown in its product file."""

import pytest
from lxml import html

from app.analysis import services as analysis
from app.inventory import services as inventory
from app.inventory.access_forms import asked_of
from app.inventory.models import Component
from app.product_files import files
from risk_models import product_file
from risk_models.scales import ComponentKind, ComponentState
from risk_models.system import Secret
from tests.html import as_read

FILE = """jalon: 2
product: {name: Guichet}
components:
  - id: site
    kind: web
    state: in_use
    last_tested: 2026-03-01
    accounts:
      - {who: users, count: 20000, reach: own, second_factor: none}
      - {who: team, count: 4, reach: all, second_factor: resistant, x-source: annuaire}
  - {id: forge, kind: forge, secrets: [{name: AWS_KEY, opens: [fichiers]}], tokens: [{lasting: true, name: bot}], resets: []}
  - {id: fichiers, kind: storage, tokens: [{lasting: true, reach: own}], secrets: []}
  - {id: bureau, kind: remote_access, resets: [aide], accounts: [{who: team, count: 1}, {who: team, count: 2}]}
  - {id: aide, kind: help_desk}
  - {id: nom, kind: dns}
  - {id: lib, kind: library}
links:
  - {from: nom, to: site, kind: leads_to}
  - {from: site, to: fichiers, kind: writes}
"""


@pytest.fixture
def product(world):
    product, system = world.product(name="Guichet"), product_file.loads(FILE)
    with world.database.writing() as session:
        inventory.write_inventory(session, product.id, system.components, system.links)
    return product


@pytest.fixture
def team(world, product):
    return world.visitor(world.person())


def described(world):
    with world.database.reading() as session:
        return analysis.described_system(session, world.reload("guichet"))


PAGE = "/produits/guichet/composants/{}/acces"


def save(visitor, ref, changes=None, page=None):
    """Sends the form of `ref` as its page shows it, with `changes` to some of its answers."""
    page = page or visitor.get(PAGE.format(ref)).get_data(as_text=True)
    form = html.fromstring(page).xpath("//form[contains(@action, '/acces')]")[0]
    shown: dict[str, list[str]] = {}
    for name, value in form.form_values():
        shown.setdefault(name, []).append(value)
    return visitor.post(PAGE.format(ref), shown | (changes or {}))


def test_a_file_of_format_2_goes_in_and_comes_out_the_same(world, product):
    with world.database.reading() as session:
        out = files.export_file(session, world.reload("guichet"))
    read = {c.id: c for c in product_file.loads(FILE).components}
    assert {c.id: c for c in product_file.loads(out).components} == read
    assert out.startswith("jalon: 2")


def test_opening_and_saving_without_a_word_changes_nothing(world, team):
    before = described(world)
    for ref in ("site", "forge", "fichiers", "bureau", "aide", "nom"):
        assert save(team, ref).status_code == 302
    assert described(world) == before


def test_what_is_answered_is_kept_and_counts(world, team):
    answers = {
        "signed_in": "yes",
        "suppliers_reach": "all",
        "suppliers_count": "12",
        "suppliers_second_factor": "none",
        "reset_elsewhere": "yes",
        "reset_by": ["aide"],
    }
    answer = save(team, "nom", answers)
    assert answer.status_code == 302
    name = next(c for c in described(world).components if c.id == "nom")
    assert [(a.who, a.count, a.reach, a.second_factor) for a in name.accounts] == [("suppliers", 12, "all", "none")]
    assert name.resets == ("aide",)
    weak = team.get("/produits/guichet/points-de-faiblesse.json").json["weak_points"]
    reasons = [r["text"] for w in weak if w["component"] == "nom" for r in w["reasons"]]
    assert "des comptes de prestataires y voient les données de tous" in reasons
    assert "mot de passe perdu redonné par aide" in reasons


def test_what_facts_find_is_answered_where_they_are_said(world, team):
    page = team.get("/produits/guichet/points-de-faiblesse").get_data(as_text=True)
    assert "Clés et jetons sans date de fin" in page and f'href="{PAGE.format("forge")}"' in page
    for ref in ("forge", "fichiers"):
        assert save(team, ref, {"keys_given": "short"}).status_code == 302
    assert "Clés et jetons sans date de fin" not in team.get("/produits/guichet/points-de-faiblesse").get_data(
        as_text=True
    )


def test_no_is_not_the_same_as_nobody_knows(world, team):
    assert save(team, "nom", {"signed_in": "no", "reset_elsewhere": ""}).status_code == 302
    name = next(c for c in described(world).components if c.id == "nom")
    assert (name.accounts, name.resets) == ((), None)
    assert save(team, "nom", {"signed_in": ""}).status_code == 302
    assert next(c for c in described(world).components if c.id == "nom").accounts is None


@pytest.mark.parametrize(
    ("ref", "wrong", "words"),
    [
        ("nom", {"signed_in": "yes"}, "Dites au moins qui s’y connecte"),
        ("nom", {"signed_in": "no", "team_count": "3"}, "Vous décrivez des comptes plus bas"),
        ("nom", {"reset_elsewhere": "no", "reset_by": ["aide"]}, "Vous cochez ce qui le redonne"),
        ("nom", {"reset_elsewhere": "yes"}, "Cochez ce qui le redonne"),
        ("nom", {"reset_by": ["inconnu"]}, "inconnu"),
        ("nom", {"team_count": "beaucoup"}, "nombre"),
        ("nom", {"team_count": "-1"}, "en chiffres"),
        ("nom", {"team_reach": "tout"}, "Choisissez une des réponses"),
        ("forge", {"keeps_keys": "no"}, "Vous cochez ce qu’elles ouvrent"),
        ("site", {"state": "mort"}, "Choisissez une des réponses"),
        ("site", {"last_tested": "hier"}, "Écrivez-la ainsi"),
    ],
)
def test_what_contradicts_itself_is_told_at_its_field_and_changes_nothing(world, team, ref, wrong, words):
    before = described(world)
    answer = save(team, ref, wrong)
    assert answer.status_code == 200 and words in as_read(answer.get_data(as_text=True))
    assert described(world) == before


def test_named_keys_keep_their_names_when_others_are_ticked(world, team):
    assert save(team, "forge", {"opens": ["fichiers", "bureau"]}).status_code == 302
    forge = next(c for c in described(world).components if c.id == "forge")
    assert forge.secrets == (Secret(("fichiers",), "AWS_KEY"), Secret(("bureau",)))
    assert forge.tokens[0].name == "bot"


def test_what_the_form_cannot_show_stays_and_is_said(world, team):
    page = team.get(PAGE.format("bureau")).get_data(as_text=True)
    assert "plus finement qu’ici" in page and "signed_in" not in page
    assert save(team, "bureau", {"state": "dormant"}).status_code == 302
    bureau = next(c for c in described(world).components if c.id == "bureau")
    assert len(bureau.accounts) == 2 and bureau.state is ComponentState.DORMANT


def test_each_kind_is_asked_three_questions_at_most():
    for kind in ComponentKind:
        assert len(asked_of(Component(kind=kind, access={}))) <= 3
    assert asked_of(Component(kind=ComponentKind.LIBRARY, access={})) == ()


def test_a_component_of_which_nothing_is_asked_says_so(team):
    assert "Rien de plus n’est demandé" in team.get(PAGE.format("lib")).get_data(as_text=True)


def test_a_component_that_goes_opens_and_resets_nothing_any_more(world, team):
    assert team.post("/produits/guichet/composants/fichiers/retirer").status_code == 302
    assert team.post("/produits/guichet/composants/aide/retirer").status_code == 302
    left = {c.id: c for c in described(world).components}
    assert (left["forge"].secrets[0].opens, left["bureau"].resets) == ((), ())
    with world.database.reading() as session:
        rows = inventory.read_inventory(session, world.reload("guichet").id).components
        assert "fichiers" not in str([r.access for r in rows])


def test_two_people_at_one_page_see_what_the_other_saved(world, team):
    page = team.get(PAGE.format("site")).get_data(as_text=True)
    assert save(team, "site", {"state": "test"}).status_code == 302
    late = save(team, "site", {"state": "dormant"}, page)
    assert late.status_code == 200 and "Essai ou recette" in late.get_data(as_text=True)
    assert next(c for c in described(world).components if c.id == "site").state is ComponentState.TEST
