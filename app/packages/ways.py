"""By which imports of a team its packages came, as the files of its components tell."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.packages.matching import Match
from app.packages.models import Package, PackageVersion, Sbom, SbomGraph
from app.platform.database import in_batches
from risk_models.exposure.dependency_graph import DependencyGraph
from risk_models.exposure.package_names import whole_name

MOST_WAYS = 3
_LONGEST = 10


class Ways(NamedTuple):
    """Names from an import of the team to a package, the shortest ways first; `others`: how many more there are, None
    where there are too many to be counted."""

    shown: tuple[tuple[str, ...], ...]
    others: int | None


def ways_to(session: Session, matches: Iterable[Match]) -> dict[tuple[str, str, str], Ways]:
    """By component, package and version that `matches` found in an SBOM; none where its file does not tell."""
    wanted = {(m.component_id, m.package, m.version) for m in matches if m.embedded and not m.inside}
    graphs = graphs_of(session, {component_id for component_id, _, _ in wanted})
    ids = _version_ids(session, {package for _, package, _ in wanted})
    found = {}
    for component_id, package, version in wanted:
        for version_id in ids.get((package, version), ()) if component_id in graphs else ():
            paths, count = graphs[component_id].find_paths(version_id, MOST_WAYS)
            if paths:  # one row of a version alone is in the graph: that which its file tells
                found[component_id, package, version] = paths, count
    shown = {key: [_ends(path) for path in paths] for key, (paths, _) in found.items()}
    names = _names(session, {one for paths in shown.values() for path in paths for one in path if one})
    return {
        key: Ways(
            tuple(tuple(whole_name(names[one]) if one else "…" for one in path) for path in paths),
            None if count is None else count - len(paths),
        )
        for key, paths in shown.items()
        for _, count in [found[key]]
    }


def _ends(path: Sequence[int]) -> Sequence[int]:
    """A long way by its two ends; 0 stands for what is between."""
    return path if len(path) <= _LONGEST else [*path[: _LONGEST // 2], 0, *path[-(_LONGEST // 2) :]]


def graphs_of(session: Session, component_ids: Collection[str]) -> dict[str, DependencyGraph]:
    """Who needs whom in what each of these components holds, of those whose SBOM was read for it."""
    statement = select(Sbom.component_id, SbomGraph.packed).join(SbomGraph, SbomGraph.sbom_id == Sbom.id)
    rows = session.execute(statement.where(Sbom.component_id.in_(component_ids)))
    return {component_id: DependencyGraph.unpack(packed) for component_id, packed in rows}


def _version_ids(session: Session, packages: Collection[str]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for some in in_batches(packages):
        statement = select(Package.purl, PackageVersion.version, PackageVersion.id).join(Package)
        for purl, version, version_id in session.execute(statement.where(Package.purl.in_(some))):
            found[purl, version].append(version_id)
    return found


def _names(session: Session, version_ids: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for some in in_batches(version_ids):
        statement = select(PackageVersion.id, Package.purl).join(Package).where(PackageVersion.id.in_(some))
        found |= {row.id: row.purl for row in session.execute(statement)}
    return found
