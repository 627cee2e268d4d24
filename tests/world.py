"""The people and products of tests: made through services, visited through HTTP."""

import base64
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.analysis import services as analysis
from app.demo_study import answer_pieces, make_ready
from app.homologation import deciding, opinions, sealing
from app.homologation import services as homologation
from app.homologation.kinds import Outcome, ReviewerRole, Verdict
from app.homologation.models import Dossier
from app.homologation.wishes import Wish
from app.identity import services as identity
from app.identity import signing_in
from app.identity.factors import FactorProof
from app.identity.kinds import FactorKind, Role
from app.identity.models import ListedAuthority, Person, SecondFactor, WebSession
from app.inventory import services as inventory
from app.mitigations import services as mitigations
from app.platform import clock
from app.platform.database import new_id
from app.platform.secrets import encrypt_text
from app.portfolio import glances
from app.portfolio.models import Glance
from app.products import services as products
from app.products.models import Incubator, Product
from app.products.services import CardValues
from reports import dossier as content
from risk_models import product_file
from risk_models.scales import PhaseName
from risk_models.system import Phase, System

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@cache
def _example(name: str) -> System:
    return product_file.loads((EXAMPLES / f"{name}.yaml").read_text())


@dataclass
class Visitor:
    """Somebody's browser, without a screen."""

    client: FlaskClient

    def get(self, path: str, **kwargs) -> TestResponse:
        return self.client.get(path, **kwargs)

    def post(self, path: str, data=None, **kwargs) -> TestResponse:
        """Posts a form as a page would, with the token of this visitor's session."""
        page = self.client.get("/accessibilite").get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        return self.client.post(path, data={"csrf_token": token, **(data or {})}, **kwargs)

    def submits(self, page: str, action: str, data=None) -> TestResponse:
        """Opens a page and posts its form to `action`, with what that form hides."""
        shown = html.fromstring(self.get(page).get_data(as_text=True))
        hidden = shown.xpath("//form[@action=$action]//input[@type='hidden']", action=action)
        return self.post(action, {one.get("name"): one.get("value") for one in hidden} | (data or {}))

    def edit(self, path: str, data=None, **kwargs) -> TestResponse:
        """Opens the form of `path`, then posts it with the revision that it showed."""
        shown = re.search(r'name="revision"[^>]*value="([^"]*)"', self.get(path).get_data(as_text=True))
        return self.post(path, {"revision": shown[1] if shown else "", **(data or {})}, **kwargs)


class World:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self.database = app.extensions["database"]
        self.jobs = app.extensions["jobs"]
        self.jobs.ring = lambda *_: None
        self.database._info["ring"] = self.jobs.ring

    def session(self, *, writing: bool = True):
        return self.database.session(writing=writing)

    def person(self, email: str = "camille@exemple.test", name: str = "Camille Martin") -> Person:
        with self.database.writing() as session:
            return identity.find_or_create(session, email, name)

    def incubator(self, slug: str = "dinum") -> Incubator:
        with self.database.writing() as session:
            found = session.scalar(select(Incubator).where(Incubator.slug == slug))
            if found is None:
                found = Incubator(id=new_id(), slug=slug, name=f"Incubateur {slug}")
                session.add(found)
            return found

    def give(self, person: Person, role: Role, *, vouched: bool = True, **scope) -> None:
        """A role; an authority is vouched for too, unless said otherwise."""
        with self.database.writing() as session:
            identity.give_role(session, None, person, role, **scope)
        if role is Role.AUTHORITY and vouched:
            self.vouch(person)

    def vouch(self, person: Person, slug: str = "dinum") -> ListedAuthority:
        """In the directory of the incubator since a year, as its members would have put them there."""
        incubator, then = self.incubator(slug), clock.now() - timedelta(days=365)
        adder = self.person("lea@exemple.test", "Léa Garant")
        second = self.person("hugo@exemple.test", "Hugo Second")
        with self.database.writing() as session:
            listed = ListedAuthority(
                id=new_id(),
                incubator_id=incubator.id,
                person_id=person.id,
                function="Directrice du programme",
                entity="Ministère exemple",
                deed="Arrêté du 3 mars 2025",
                deed_on=date(2025, 3, 3),
                added_by_id=adder.id,
                added_at=then,
                confirmed_by_id=second.id,
                confirmed_at=then,
            )
            session.add(listed)
            return listed

    def product(
        self, owner: Person | None = None, name: str = "Exemple", start: date | None = None, **values
    ) -> Product:
        self.incubator()
        owner = owner or self.person()
        card = {
            "name": name,
            "mission": "Aide les usagers",
            "address": "",
            "repository": "",
            "contact": "",
            "incubators": ("dinum",),
            "phases": (Phase(PhaseName.CONSTRUCTION, start or clock.today() - timedelta(days=300)),),
        }
        with self.session() as session:
            product = products.create_product(session, owner, CardValues(**(card | values)))
            return products.load_product(session, product.slug)

    def filled(self, owner: Person | None = None, file: str = "guichet", name: str = "Exemple") -> Product:
        """A product with everything that an example file describes."""
        product = self.product(owner, name)
        system = _example(file)
        with self.database.writing() as session:
            rows = inventory.write_inventory(session, product.id, system.components, system.links)
            analysis.write_assets(session, product.id, system.assets, rows)
            mitigations.write_measures(session, product.id, system.measures, rows)
        return product

    def reviewer_and_authority(self) -> dict[str, Person]:
        return {
            "reviewer": self.person("rssi@exemple.test", "Dominique Leroy"),
            "authority": self.person("autorite@exemple.test", "Andrée Laurent"),
        }

    def cast(self, product: Product) -> dict[str, Person]:
        """A reviewer and an authority on `product`."""
        people = self.reviewer_and_authority()
        self.give(people["reviewer"], Role.REVIEWER, product_id=product.id)
        self.give(people["authority"], Role.AUTHORITY, product_id=product.id)
        return people

    def dossier(self, number: int = 1) -> Dossier:
        with self.database.reading() as session:
            found = homologation.dossier_of(session, self.reload().id, number)
            assert found
            return found

    def reload(self, slug: str = "exemple") -> Product:
        with self.database.reading() as session:
            return products.load_product(session, slug)

    def before_authority(
        self,
        owner: Person,
        product: Product,
        people: dict[str, Person],
        *,
        reviewed: bool = True,
        opinion: tuple[Verdict, str] = (Verdict.FAVOURABLE, ""),
    ) -> Dossier:
        """A dossier asked for opinions, and sent to its authority when `reviewed`, with that opinion."""
        with self.app.test_request_context(), self.session() as session:
            product = products.load_product(session, product.slug)
            make_ready(session, owner, product)
            analysis.finish_analysis(session, owner, product)
            number = homologation.open_new(session, owner, product).number

            def dossier() -> Dossier:
                session.expire_all()
                return homologation.dossier_of(session, product.id, number)

            homologation.describe_dossier(
                session,
                owner,
                product,
                dossier(),
                perimeter="Le site et son API",
                authority_id=people["authority"].id,
                months=24,
            )
            if not dossier().conditions:  # a renewal takes them up
                homologation.add_condition(
                    session, owner, product, dossier(), "Comptes nominatifs", "Revue trimestrielle"
                )
            homologation.propose_acceptance(
                session,
                owner,
                product,
                dossier(),
                "Chute de l’hébergeur",
                clock.today() + timedelta(days=400),
            )
            homologation.ask_reviewer(session, owner, product, dossier(), people["reviewer"].id, ReviewerRole.RSSI)
            answer_pieces(session, owner, product, dossier())
            opinions.ask_opinions(session, owner, product, dossier())
            if reviewed:
                self._review(session, people["reviewer"], product, dossier(), opinion)
                opinions.transmit_dossier(session, owner, products.load_product(session, product.slug), dossier())
            return dossier()

    def _review(self, session, reviewer: Person, product: Product, row: Dossier, opinion: tuple[Verdict, str]) -> None:
        asked = row.opinions[0].id
        opinions.give_opinion(session, reviewer, product, row, asked, *opinion, read_sha256=row.content_sha256)

    def print_asked(self, product_id: str, number: int) -> None:
        """What the worker does before it calls an authority, without its seconds: the file is a stand-in."""
        stored = self.app.extensions["storage"].put(f"%PDF-1.7 of {product_id}, {number}".encode())
        with self.database.writing() as session:
            row = homologation.dossier_of(session, product_id, number)
            if row and row.content_sha256:
                sealing.keep_project(session, row, stored)

    def signs(self, person: Person, page: str, **choices: str) -> TestResponse:
        """Chooses on the dossier's page, reads the page to sign, signs it: through HTTP."""
        _, _, slug, _, number = page.split("/")
        self.print_asked(self.reload(slug).id, int(number))
        visitor, code = self.visitor(person), self.code(person)
        shown = visitor.post(f"{page}/decision", choices).get_data(as_text=True)
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', shown))
        if "signed_sha256" not in hidden:
            return visitor.post(f"{page}/decision", choices)
        hidden.pop("csrf_token", None)
        return visitor.post(f"{page}/signer", hidden | {"code": code})

    def secret_of(self, person: Person) -> str:
        """The same in each world, so that a scene put back still has its people's codes."""
        return base64.b32encode(person.email.encode().ljust(20)[:20]).decode()

    def code(self, person: Person) -> str:
        """A second-factor code of `person` that can be used now, whatever was used before."""
        secret = self.secret_of(person)
        with self.app.app_context(), self.database.writing() as session:
            factor = session.scalar(select(SecondFactor).where(SecondFactor.person_id == person.id))
            if factor is None:
                factor = SecondFactor(
                    person_id=person.id,
                    kind=FactorKind.TOTP,
                    name="Téléphone",
                    secret=encrypt_text(secret),
                    added_at=clock.now() - timedelta(days=2),
                    signs_from=clock.now() - timedelta(days=1),
                )
                session.add(factor)
            factor.counter = 0
        return pyotp.TOTP(secret).at(clock.now())

    def decide(
        self, dossier: Dossier, person: Person, outcome=Outcome.FAVOURABLE, months=12, reservations="", lift_by=None
    ):
        """The authority's act, through the service."""
        wish = Wish(outcome, months, reservations, lift_by, exploited_reason="Coupé d’internet")
        asked = dossier.content_sha256
        code = self.code(person)
        self.print_asked(dossier.product_id, dossier.number)
        with self.app.test_request_context(), self.session() as session:
            product = session.get_one(Product, dossier.product_id)
            row = homologation.dossier_of(session, dossier.product_id, dossier.number)
            signed = content.sha256(deciding.prepare_decision(session, person, row, wish, asked, FactorKind.TOTP))
            deciding.decide_dossier(
                session, person, product, row, wish, asked_sha256=asked, signed_sha256=signed, proof=FactorProof(code)
            )

    def visitor(self, person: Person | None = None, *, proved: bool = True) -> Visitor:
        """A browser, signed in as `person` where one is given, with a second factor, not lately, unless said otherwise."""
        client = self.app.test_client()
        if person is not None:
            with self.database.writing() as session:
                session.add(
                    WebSession(
                        secret_hash=signing_in.hash_secret(f"sid-{person.id}"),
                        person_id=person.id,
                        expires_at=clock.now() + timedelta(hours=1),
                        proved_at=clock.now() - timedelta(minutes=11) if proved else None,
                    )
                    if session.scalar(select(WebSession.id).where(WebSession.person_id == person.id)) is None
                    else WebSession(secret_hash=new_id(), person_id=person.id, expires_at=clock.now())
                )
            with client.session_transaction() as cookie:
                cookie["sid"] = f"sid-{person.id}"
        return Visitor(client)

    def check_glances(self) -> None:
        """What was kept of each product, with its last change, is what would be made of it now."""
        with self.session() as session:
            kept = {g.product_id: g for g in session.scalars(select(Glance).where(Glance.day == clock.today()))}
            told = {i: {c.key: getattr(g, c.key) for c in Glance.__table__.columns} for i, g in kept.items()}
            glances._make(session, list(kept))
            now = session.scalars(
                select(Glance).where(Glance.product_id.in_(kept)).execution_options(populate_existing=True)
            )
            assert {g.product_id: {c.key: getattr(g, c.key) for c in Glance.__table__.columns} for g in now} == told
            session.rollback()

    def mails(self) -> list[str]:
        """What was written to the mail folder, each as text, subjects decoded."""
        import email
        import email.policy

        folder = self.app.config["MAIL_FOLDER"]
        found = [
            email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in sorted(folder.glob("*.eml"))
        ]
        return [f"{m['To']} | {m['Subject']}\n{m.get_body(('plain',)).get_content()}" for m in found]
