"""VEX in: what a document says of flaws becomes judgements, after a look, in one transaction."""

import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.packages.flaw_judgements import is_acceptance_bounded, keep_judgement
from app.packages.importers.vex_documents import read_vex
from app.packages.importers.vex_statements import LeftEntry, Statement
from app.packages.matching import Match, matches_of
from app.platform.transactions import transaction
from app.products.models import Product


@dataclass(frozen=True, slots=True)
class VexPreview:
    """`taken`: flaws of the product with what would be said; `left`: what would not, each with its own reason; `about`: the
    products that the document says it is about."""

    taken: tuple[tuple[Match, Statement], ...]
    left: tuple[LeftEntry, ...]
    about: tuple[str, ...]


def preview_vex(session: Session, product: Product, content: bytes) -> VexPreview:
    """What importing the document would say of the product's flaws. Raises `Refusal`."""
    said, about = read_vex(content)
    matches = matches_of(session, [product.id])[product.id]
    taken: dict[tuple[str, str, str, str], tuple[Match, Statement]] = {}
    contrary = set()
    left = [entry for entry in said if isinstance(entry, LeftEntry)]
    for statement in (s for s in said if isinstance(s, Statement)):
        fit, why = _fitting(statement, matches)
        if fit and not is_acceptance_bounded(statement.state, statement.until):
            fit, why = [], "too_long"
        if why:
            left.append(LeftEntry(statement.told(), why))
        for m in fit:
            key = (m.component_id, m.package, m.version, m.flaw)
            # Of two statements, the one that names the very package rather than its source is what is said of it.
            sure = statement.is_about(m.package)
            if key in taken and taken[key][1].is_about(m.package) is not sure:
                if not sure:
                    continue
                contrary.discard(key)
            elif key in taken and taken[key][1].state is not statement.state:
                before = taken[key][1].said_at
                # Of two statements, the later one is what is said now.
                if not before or not statement.said_at or before == statement.said_at:
                    contrary.add(key)
                elif before > statement.said_at:
                    continue
            taken[key] = (m, statement)
    for key in contrary:
        match, _ = taken.pop(key)
        left.append(LeftEntry(f"{match.flaw} – {match.component}", "contrary"))
    return VexPreview(tuple(taken.values()), tuple(dict.fromkeys(left)), about)


def _fitting(said: Statement, matches: list[Match]) -> tuple[list[Match], str]:
    """The matches that a statement speaks of; where there is none, why."""
    of_flaw = [m for m in matches if not m.names.isdisjoint(said.names)]
    if not of_flaw:
        several = any(not m.about.isdisjoint(said.names) for m in matches)
        return [], "one_of_several" if several else "flaw_not_here"
    # What is said of one of several is not said of the others.
    of_flaw = [m for m in of_flaw if len(m.about) < 2 or m.about <= {*said.names} or _names_record(m, said)]
    if not of_flaw:
        return [], "one_of_several"
    of_package = [m for m in of_flaw if any(said.is_about(package) for package, _ in m.places)]
    if not of_package:
        return [], "package_not_here"
    # Of what is inside software that nobody opens, a package named without its place says nothing.
    here = [m for m in of_package if not (m.inside and said.package)]
    if said.component:  # what is said of one is said of no other, the day that one has nothing left of it, or is gone
        here = [m for m in of_package if said.component == m.component_ref]
        if not here:
            return [], "component_not_here"
    # A name may be that of a package and that of the source of others: it is the package's where the product carries it, and
    # always in what Jalon itself wrote of one of its components.
    named = [m for m in here if said.is_about(m.package)]
    if named or said.component:
        held = {m: [said.holds(m.version)] for m in named}
    else:
        held = {m: [said.holds(version) for package, version in m.places if said.is_about(package)] for m in here}
    fit = [m for m, holds in held.items() if any(holds)]
    if fit:
        return fit, ""
    return [], "range_unread" if any(None in holds for holds in held.values()) else "other_versions"


def _names_record(match: Match, said: Statement) -> bool:
    """Whether a statement is about a record itself, whatever CVE it tells of."""
    return any(name in match.names and not name.startswith("CVE-") for name in said.names)


@transaction
def import_vex(session: Session, actor: Person, product: Product, content: bytes, file_name: str) -> int:
    """Keeps each statement as `actor`'s judgement, in one transaction; gives how many. Raises `Refusal`."""
    found = preview_vex(session, product, content)
    for match, said in found.taken:
        from_file = f"({file_name})"
        reason = said.detail if said.detail.endswith(from_file) else f"{said.detail} {from_file}".strip()
        keep_judgement(
            session, actor, match, state=said.state, justification=said.justification, reason=reason, until=said.until
        )
    digest = hashlib.sha256(content).hexdigest()
    record(session, actor, Action.IMPORT_VEX, file_name, product_id=product.id, sha256=digest, count=len(found.taken))
    return len(found.taken)
