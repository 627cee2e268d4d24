"""The dossier as a state machine: hypothesis walks at random, on both databases, beside a model of what is legal."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from app.analysis import services as analysis
from app.demo_study import answer_pieces, make_ready
from app.homologation import deciding, opinions, services
from app.homologation.kinds import DossierState, Outcome, ReviewerRole, Verdict
from app.homologation.models import Dossier
from app.homologation.wishes import Wish
from app.identity.factors import FactorProof
from app.identity.kinds import FactorKind, Role
from app.platform.refusals import Refusal
from app.products import services as products
from reports import dossier as content

DRAFT, OPINIONS, DECISION, DECIDED = DossierState


class Walk(RuleBasedStateMachine):
    """`states` is the model: the state of each dossier, in order; `sealed` the content of what was decided."""

    world = None
    made = 0

    @initialize()
    def a_product(self):
        type(self).made += 1
        world, slug = self.world, f"produit-{self.made}"
        self.team = world.person()
        self.product = world.filled(self.team, name=slug)
        self.people = world.cast(self.product)
        self.other = world.person("autre@exemple.test", "Autre autorité")
        world.give(self.other, Role.AUTHORITY, product_id=self.product.id)
        self.slug = self.product.slug
        self.states: list[DossierState] = []
        self.complete: set[int] = set()
        self.sealed: dict[int, str] = {}
        self.withdrawn: set[int] = set()
        self.opinion_given = self.printed = False
        with world.app.test_request_context(), world.session() as session:
            product = products.load_product(session, self.slug)
            make_ready(session, self.team, product)
            analysis.finish_analysis(session, self.team, product)

    def does(self, act, legal: bool) -> None:
        """Runs `act(session, product, dossier)`; it must be refused exactly when the model says so."""
        with self.world.app.test_request_context(), self.world.session() as session:
            product = products.load_product(session, self.slug)
            row = services.dossier_of(session, product.id, len(self.states)) if self.states else None
            try:
                act(session, product, row)
            except Refusal as refusal:
                assert not legal, str(refusal)
                assert str(refusal)
                session.rollback()
            else:
                assert legal

    @property
    def last(self) -> DossierState | None:
        return self.states[-1] if self.states else None

    @rule()
    def opens(self):
        legal = self.last in {None, DECIDED}
        self.does(lambda s, p, _: services.open_new(s, self.team, p), legal)
        if legal:
            self.states.append(DRAFT)
            self.opinion_given = False

    @rule()
    def completes(self):
        if self.last is not DRAFT:
            return

        def fill(s, p, d):
            authority = self.people["authority"].id
            services.describe_dossier(s, self.team, p, d, perimeter="Le site", authority_id=authority, months=12)
            if not d.conditions:
                services.add_condition(s, self.team, p, d, "Comptes nominatifs", "Revue")
            if not d.opinions:
                services.ask_reviewer(s, self.team, p, d, self.people["reviewer"].id, ReviewerRole.RSSI)
            s.expire_all()
            answer_pieces(s, self.team, products.load_product(s, self.slug), services.dossier_of(s, p.id, d.number))

        self.does(fill, legal=True)
        self.complete.add(len(self.states))

    @rule()
    def describes(self):
        if self.states:
            authority = self.people["authority"].id
            self.does(
                lambda s, p, d: services.describe_dossier(
                    s, self.team, p, d, perimeter="Autre", authority_id=authority, months=6
                ),
                self.last is DRAFT,
            )

    @rule()
    def asks_for_opinions(self):
        if self.states:
            legal = self.last is DRAFT and len(self.states) in self.complete
            self.does(lambda s, p, d: opinions.ask_opinions(s, self.team, p, d), legal)
            if legal:
                self.states[-1] = OPINIONS

    @rule()
    def asks_for_opinions_again(self):
        if self.states:
            legal = self.last is OPINIONS
            self.does(lambda s, p, d: opinions.ask_opinions_again(s, self.team, p, d), legal)
            self.opinion_given &= not legal

    @rule(verdict=st.sampled_from(Verdict))
    def gives_an_opinion(self, verdict):
        if self.states:
            legal = self.last is OPINIONS  # it may be corrected until the dossier is transmitted

            def give(s, p, d):
                opinion = d.opinions[0].id if d.opinions else "x"
                opinions.give_opinion(
                    s, self.people["reviewer"], p, d, opinion, verdict, "Raisons", read_sha256=d.content_sha256 or ""
                )

            self.does(give, legal)
            self.opinion_given |= legal

    @rule()
    def transmits(self):
        if self.states:
            legal = self.last is OPINIONS and self.opinion_given
            self.does(lambda s, p, d: opinions.transmit_dossier(s, self.team, p, d), legal)
            if legal:
                self.states[-1], self.printed = DECISION, False

    @rule()
    def prints(self):
        if self.last is DECISION:
            product = self.world.reload(self.slug)
            self.world.print_asked(product.id, len(self.states))
            self.printed = True

    @rule()
    def takes_back(self):
        if self.states:
            legal = self.last in {OPINIONS, DECISION}
            self.does(lambda s, p, d: services.take_back(s, self.team, p, d), legal)
            if legal:
                self.states[-1], self.opinion_given = DRAFT, False

    @rule()
    def relaunches(self):
        waits = (self.last is DECISION and self.printed) or (self.last is OPINIONS and not self.opinion_given)
        if self.states and not waits:
            self.does(lambda s, p, d: services.remind_waited(s, self.team, p, d), legal=False)

    @rule(outcome=st.sampled_from(Outcome), usurped=st.booleans())
    def decides(self, outcome, usurped):
        if not self.states:
            return
        actor = self.other if usurped else self.people["authority"]
        code = self.world.code(actor)
        legal = self.last is DECISION and self.printed and not usurped
        wish = Wish(
            outcome,
            None if outcome is Outcome.REFUSED else 12,
            "" if outcome is Outcome.FAVOURABLE else "Une réserve",
            reply="Vu",
            exploited_reason="Coupé d’internet",
        )

        def decide(s, p, d):
            asked = d.content_sha256 or ""
            text = deciding.prepare_decision(s, actor, d, wish, asked, FactorKind.TOTP)
            deciding.decide_dossier(
                s, actor, p, d, wish, asked_sha256=asked, signed_sha256=content.sha256(text), proof=FactorProof(code)
            )
            self.sealed[d.number] = text

        self.does(decide, legal)
        if legal:
            self.states[-1] = DECIDED

    @rule(steps=st.integers(1, 6), outcome=st.sampled_from(Outcome))
    def goes_on(self, steps, outcome):
        """The next legal steps, so that walks reach the far end too."""
        for _ in range(steps):
            if self.last in {None, DECIDED}:
                self.opens()
            elif self.last is DRAFT:
                self.completes()
                self.asks_for_opinions()
            elif self.last is OPINIONS and not self.opinion_given:
                self.gives_an_opinion(Verdict.FAVOURABLE)
            elif self.last is OPINIONS:
                self.transmits()
            else:
                self.prints()
                self.decides(outcome, usurped=False)

    @rule()
    def withdraws(self):
        if self.last is DECIDED:
            number = len(self.states)
            refused = content.loads(self.sealed[number]).decision.expires_on is None
            legal = not refused and number not in self.withdrawn
            code = self.world.code(self.people["authority"])
            self.does(
                lambda s, p, d: deciding.withdraw_homologation(
                    s, self.people["authority"], p, d, "Raisons", FactorProof(code)
                ),
                legal,
            )
            if legal:
                self.withdrawn.add(number)

    @rule()
    def removes_a_part(self):
        if self.last not in {None, DRAFT}:
            self.does(lambda s, p, d: services.remove_part(s, self.team, p, d, d.conditions[0].id), legal=False)

    @invariant()
    def the_rows_are_what_the_model_says(self):
        if not hasattr(self, "states"):
            return
        with self.world.session(writing=False) as session:
            rows = session.scalars(
                select(Dossier).where(Dossier.product_id == self.product.id).order_by(Dossier.number)
            ).all()
        assert [r.state for r in rows] == self.states
        assert sum(r.state is not DECIDED for r in rows) <= 1
        assert {r.number: r.content for r in rows if r.state is DECIDED} == self.sealed
        assert all((r.content is not None) == (r.state is not DRAFT) for r in rows)


def test_every_walk_through_the_steps_is_legal_or_refused(world):
    walk = type("WalkHere", (Walk,), {"world": world})
    run_state_machine_as_test(
        walk,
        settings=settings(
            # The rules are the code's; what a database adds, locks and triggers, shows in fewer walks.
            max_examples=14 if world.database.engine.dialect.name == "sqlite" else 6,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
