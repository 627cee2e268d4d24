"""What a component carries, and the flaws that touch it."""

import io
import json

from app.feeds import services as feeds
from app.feeds.loading import read_feed
from app.inventory.models import Component
from app.packages import flaw_judgements, matching, sboms
from app.packages.kinds import FlawState, Justification


def bring(world, product, component, content: bytes, name: str = "bom.json"):
    actor = world.person()
    with world.session() as session:
        row = session.get(Component, component.id)
        return sboms.import_sbom(session, actor, product, row, io.BytesIO(content), name)


def feed(world, tmp_path, *records) -> None:
    file = tmp_path / "osv.json"
    file.write_text(json.dumps(list(records)))
    with world.session() as session:
        feeds.load_feed(session, None, read_feed(file))


def matches(world, product):
    """Those of what an inventory says; the catalogue knows more of what the product of examples is made of."""
    with world.session(writing=False) as session:
        return [m for m in matching.matches_of(session, [product.id])[product.id] if not m.inside]


def judge_harmless(world, product, match, reason: str = "vu") -> None:
    """Somebody of the team says that a flaw cannot be reached where it was matched."""
    with world.session() as session:
        flaw_judgements.judge_flaw(
            session,
            world.person(),
            product,
            match,
            state=FlawState.NOT_AFFECTED,
            justification=Justification.CODE_NOT_REACHABLE,
            reason=reason,
            until=None,
        )
