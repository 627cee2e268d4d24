"""Every form that shows what others may change too says which state of it it showed, and overwrites no other."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from lxml import html
from werkzeug.exceptions import HTTPException

from app.demo import load_demonstration
from tests.conftest import on_sqlite
from tests.world import Visitor

# Forms that show a value and no revision, and why nobody loses anything by it.
ALONE = {
    "renewals.preferences": "one's own preferences",
    "deciding.decide": "bound to the hash of the content that was shown",
    "versions.index": "each version with the one that was shown; refused whole where one changed meanwhile",
    "register.reduce": "refused whole where somebody decided meanwhile",
}
# Pages that begin something, filled from an example or the catalogue: there is nothing yet to overwrite.
BEGINS = ("/nouveau", "/nouvelle")
# The token and the revision; a key's challenge and answer; where to go next; what was shown; whose products are chosen; of
# what to do, which line, and on what.
HIDDEN = frozenset({"csrf_token", "revision", "challenge_id", "answer", "next", "shown", "produit", "key", "on"})
PER_PAGE = 2  # addresses looked at of each route


@dataclass
class Form:
    page: str
    endpoint: str
    action: str
    values: dict
    prefilled: bool
    element: html.HtmlElement

    @property
    def overwrites(self) -> bool:
        begins = any(part in urlsplit(self.page).path for part in BEGINS)
        return self.prefilled and self.endpoint not in ALONE and not begins

    @property
    def revision(self) -> str:
        return self.values.get("revision", "")


def _prefilled(form) -> bool:
    """Whether a person sees in `form` something that was there before they came."""
    for control in form.xpath(".//input|.//textarea|.//select"):
        kind = control.get("type", "text") if control.tag == "input" else control.tag
        if kind in {"hidden", "submit", "button", "file", "search"} or control.get("disabled") is not None:
            continue
        if kind in {"checkbox", "radio"}:
            if control.get("checked") is not None:
                return True
        elif control.tag == "select":
            if control.xpath(".//option[@selected][string(@value)]"):
                return True
        elif (control.text_content() if control.tag == "textarea" else control.get("value", "")).strip():
            return True
    return False


def _endpoint(app, path: str) -> str | None:
    try:
        return app.url_map.bind("").match(path, "GET")[0]
    except HTTPException:
        try:
            return app.url_map.bind("").match(path, "POST")[0]
        except HTTPException:
            return None


def _forms_of(app, visitor: Visitor) -> list[Form]:
    """The forms of every page that links lead to from the first one."""
    found, seen, waiting = [], Counter(), ["/", "/catalogue?q=Zammad"]
    known = {"/"}
    while waiting:
        address = waiting.pop(0)
        answer = visitor.get(address)
        if answer.status_code != 200 or answer.mimetype != "text/html" or not answer.data.strip():
            continue
        page = html.fromstring(answer.get_data(as_text=True))
        for form in page.xpath("//form[translate(@method, 'POST', 'post')='post']"):
            action = urljoin(address, form.get("action") or address)
            endpoint = _endpoint(app, urlsplit(action).path)
            found.append(Form(address, endpoint or "", action, dict(form.form_values()), _prefilled(form), form))
        for link in page.xpath("//a/@href"):
            target = urldefrag(urljoin(address, link))[0]
            endpoint = _endpoint(app, urlsplit(target).path) if target.startswith("/") else None
            if endpoint and target not in known and seen[endpoint] < PER_PAGE:
                seen[endpoint] += 1
                known.add(target)
                waiting.append(target)
    return found


PEOPLE = ("equipe@exemple.test", "incubateur@exemple.test", "administration@exemple.test")


@pytest.fixture
def forms(world):
    """By address, the forms that somebody finds: of the demonstration, with a dossier to compose and an entry."""
    with world.app.app_context():
        load_demonstration(world.database)
    team, admin = (world.visitor(world.person(email)) for email in (PEOPLE[0], PEOPLE[2]))
    assert team.post("/produits/guichet-aides/dossier/nouveau").status_code == 302
    entry = {"name": "Zammad", "kind": "other", "hosting": "saas", "exposure": "internet"}
    assert admin.post("/catalogue/nouveau", entry).status_code == 302
    return lambda email: _forms_of(world.app, world.visitor(world.person(email)))


@on_sqlite
def test_every_form_over_what_others_may_change_carries_its_revision(world, forms):
    forms = {email: forms(email) for email in PEOPLE}
    _asks_little([form for found in forms.values() for form in found])
    shared = [f for found in forms.values() for f in found if f.overwrites]
    # An empty one says that nothing was there yet.
    assert {(f.endpoint, f.page) for f in shared if "revision" not in f.values} == set()
    guarded = {f.endpoint for f in shared if f.revision}
    assert guarded >= {
        "inventory.component",
        "products.card",
        "products.contact",
        "homologation.compose",
        "mitigations.measure",
        "analysis.asset",
        "study.level",
        "renewals.escalation",
        "usual.entry",
    }
    for email, found in forms.items():
        visitor = world.visitor(world.person(email))
        for form in {f.action: f for f in found if f.overwrites and f.revision}.values():
            needed = {
                c.get("name"): _submissions(form.element)[0][c.get("name")]
                for c in form.element.xpath(".//*[@required]")
            }
            sent = form.values | {name: form.values.get(name) or value for name, value in needed.items()}
            answer = visitor.post(form.action, sent | {"revision": "an older one", "csrf_token": token(visitor)})
            page = answer.get_data(as_text=True)
            assert answer.status_code == 200 and 'id="conflit"' in page, (form.action, answer.status_code)


def _submissions(form) -> list[dict[str, str]]:
    """What somebody sends who fills only what is needed: once for each choice that the form offers."""
    base, choices = {}, {}
    for control in form.xpath(".//input|.//textarea|.//select"):
        name, kind = control.get("name"), control.get("type", "text") if control.tag == "input" else control.tag
        if not name or kind in {"submit", "button", "file", "checkbox", "hidden"}:
            if kind == "hidden":
                base[name] = control.get("value", "")
            continue
        if kind == "radio":
            choices.setdefault(name, []).append(control.get("value"))
        elif kind == "select":
            choices.setdefault(name, []).extend(control.xpath(".//option/@value[. != '']"))
        elif control.get("required") is None:
            base[name] = ""
        else:
            base[name] = TOMORROW if kind == "date" else "3" if kind == "number" else "Une réponse"
    first = base | {name: values[0] for name, values in choices.items() if values}
    return [first, *(first | {name: value} for name, values in choices.items() for value in values[1:6])]


TOMORROW = (date.today() + timedelta(days=1)).isoformat()


def _asks_little(found: list[Form]) -> None:
    """No secret question; what is hidden is the token, a revision, what a key answers, or the id of what is confirmed."""
    names = {name for form in found for name in form.element.xpath(".//input/@name|.//textarea/@name|.//select/@name")}
    assert not [name for name in names if re.search(r"question|password|mot_de_passe|indice_secret", name)]
    hidden = {name for form in found for name in form.element.xpath(".//input[@type='hidden']/@name")}
    hidden = {name.rpartition("-")[2] for name in hidden}  # a page of several forms tells theirs apart
    assert hidden <= HIDDEN, hidden - HIDDEN


@on_sqlite
def test_no_field_said_to_be_optional_is_refused_when_empty(world, forms):
    """A field that some answers make mandatory says which, instead."""
    visitor, refused = world.visitor(world.person(PEOPLE[0])), set()
    csrf = token(visitor)
    for form in {f.endpoint: f for f in forms(PEOPLE[0])}.values():
        if not form.element.xpath(".//textarea|.//select|.//input[not(@type='hidden')]"):
            continue  # a button alone
        for sent in _submissions(form.element):
            answer = visitor.client.post(form.action, data=sent | {"csrf_token": csrf})
            if answer.status_code == 200 and answer.mimetype == "text/html":
                page = html.fromstring(answer.get_data(as_text=True))
                refused |= {(form.endpoint, name) for name in _refused_optional(page) if not sent.get(name)}
    assert refused == set()


def _refused_optional(page) -> list[str]:
    labels = (
        (c, page.xpath(f"string(//label[@for='{c.get('id')}'])")) for c in page.xpath("//*[@aria-invalid='true']")
    )
    return [control.get("name") for control, label in labels if "(facultatif)" in label]


def token(visitor: Visitor) -> str:
    page = html.fromstring(visitor.get("/accessibilite").get_data(as_text=True))
    return page.xpath("string(//input[@name='csrf_token']/@value)")
