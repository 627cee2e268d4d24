"""Rows of an SBOM, written in sets: its packages, and which of them need which."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from sqlalchemy import Connection, delete, insert, text

from app.packages.importers.reading import Carried, LineNeeds
from app.packages.models import PackageUse, SbomGraph
from app.platform.database import in_batches
from risk_models.exposure.dependency_graph import DependencyGraph, Numbers
from risk_models.exposure.package_names import plain_name

_AT_ONCE = 100
_MOST_WHOLES = 200  # more are a list of products, not the modules of one


@dataclass(frozen=True, slots=True)
class StagedLines:
    """Of each line of a file, the number of what it is called there, and the hash of the package and version it names."""

    refs: "array[int]" = field(default_factory=lambda: array("q"))
    named: "array[int]" = field(default_factory=lambda: array("q"))


def stage_packages(connection: Connection, packages: Iterable[Carried]) -> StagedLines:
    """The packages of one file in the temporary table `staged`, each once."""
    on_postgres = connection.dialect.name == "postgresql"
    connection.execute(text("DROP TABLE IF EXISTS staged"))
    columns = (
        "purl VARCHAR(500), version VARCHAR(100), name VARCHAR(500), source VARCHAR(500), source_version VARCHAR(100),"
        " development BOOLEAN, named BIGINT"
    )
    lines = StagedLines()
    rows = _each_row(packages, lines)
    if on_postgres:
        connection.execute(text(f"CREATE TEMPORARY TABLE staged_lines ({columns}) ON COMMIT DROP"))
        _copy(connection, "staged_lines (purl, version, name, source, source_version, development, named)", rows)
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT purl, version, name, max(source) AS source,"
                " max(source_version) AS source_version, bool_and(development) AS development, named"
                " FROM staged_lines GROUP BY purl, version, name, named"
            )
        )
        connection.execute(text("DROP TABLE staged_lines"))
        connection.execute(text("ANALYZE staged"))
        return lines
    connection.execute(text(f"CREATE TEMPORARY TABLE staged ({columns}, PRIMARY KEY (purl, version)) WITHOUT ROWID"))
    _insert(connection, _STAGE, rows)
    return lines


# What runs holds it where one of its lines says so.
_STAGE = (
    "INSERT INTO staged VALUES :rows"
    " ON CONFLICT (purl, version) DO UPDATE SET development = development AND excluded.development,"
    " source = max(source, excluded.source), source_version = max(source_version, excluded.source_version)"
)


def _each_row(packages: Iterable[Carried], lines: StagedLines) -> Iterator[tuple[object, ...]]:
    for purl, version, development, ref, source, source_version in packages:
        named = hash((purl, version))
        lines.refs.append(ref)
        lines.named.append(named)
        yield purl, version, plain_name(purl).lower(), source, source_version, development, named


def _copy(connection: Connection, into: str, rows: Iterable[Sequence[object]]) -> None:
    with connection.connection.cursor().copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _insert(connection: Connection, statement: str, rows: Iterator[Sequence[object]]) -> None:
    """A hundred rows by statement, where it says `:rows`: three times faster than one by one."""
    cursor = connection.connection.cursor()
    for batch in in_batches(rows, _AT_ONCE):
        row = f"({', '.join('?' * len(batch[0]))})"
        values = ", ".join([row] * len(batch))
        cursor.execute(statement.replace(":rows", values), list(chain.from_iterable(batch)))


def count_staged(connection: Connection) -> int:
    count: int = connection.execute(text("SELECT count(*) FROM staged")).scalar_one()
    return count


# SQLite joins in the order written where it reads CROSS JOIN: from the few rows of the file to the millions of the
# portfolio. Left to choose, it reads every version known. PostgreSQL chooses rightly by itself.
def keep_packages(connection: Connection) -> int:
    """Packages and versions not known yet, in one order for all so that two imports never wait for each other.

    How many packages are new.
    """
    added = connection.execute(
        text(
            "INSERT INTO package (purl, name) SELECT DISTINCT purl, name FROM staged s"
            " WHERE NOT EXISTS (SELECT 1 FROM package p WHERE p.purl = s.purl) ORDER BY purl ON CONFLICT DO NOTHING"
        )
    )
    connection.execute(
        text(
            "INSERT INTO package_version (package_id, version, source, source_version)"  # noqa: S608 - of this module
            " SELECT p.id, s.version, s.source, s.source_version FROM staged s"
            f" CROSS JOIN package p WHERE p.purl = s.purl AND NOT EXISTS (SELECT 1 FROM package_version v WHERE {_SAME})"
            " ORDER BY p.id, s.version ON CONFLICT DO NOTHING"
        )
    )
    return added.rowcount


# A version of a package, built from what this file says: what others say of it is theirs.
_SAME = "v.package_id = p.id AND v.version = s.version AND v.source = s.source AND v.source_version = s.source_version"


def keep_uses(connection: Connection, sbom_id: int, lines: StagedLines, needs: LineNeeds) -> None:
    """What was staged as what the SBOM holds, in the place of what it held, with who needs whom."""
    connection.execute(delete(PackageUse).where(PackageUse.sbom_id == sbom_id))
    connection.execute(delete(SbomGraph).where(SbomGraph.sbom_id == sbom_id))
    cursor = connection.connection.cursor()
    cursor.execute(
        "SELECT v.id, s.named, s.development, p.id FROM staged s CROSS JOIN package p CROSS JOIN package_version v"  # noqa: S608 - idem
        f" WHERE p.purl = s.purl AND {_SAME}"
    )
    found = np.fromiter(chain.from_iterable(iter(cursor.fetchone, None)), dtype=np.int64).reshape(-1, 4)
    versions, named, aside, packages = found[np.argsort(found[:, 0])].T
    graph, running, for_development = _graph(lines, needs, named, versions)
    if len(for_development):
        only = graph.find_reached(for_development.tolist()) - graph.find_reached(running.tolist())
        aside = aside | np.isin(versions, sorted(only))
    package_of = dict(zip(versions.tolist(), packages.tolist(), strict=True))
    bringers = {version: package_of[by] for version, by in graph.find_bringers().items()}
    rows = ((v, sbom_id, a, bringers.get(v)) for v, a in zip(package_of, aside.astype(bool).tolist(), strict=True))
    if connection.dialect.name == "postgresql":
        _copy(connection, "package_use (version_id, sbom_id, development, bringer_id)", rows)
    else:
        _insert(
            connection,
            "INSERT INTO package_use (version_id, sbom_id, development, bringer_id) VALUES :rows",
            rows,
        )
    connection.execute(insert(SbomGraph), {"sbom_id": sbom_id, "packed": graph.pack()})
    connection.execute(text("DROP TABLE staged"))


def _graph(
    lines: StagedLines, needs: LineNeeds, named: Numbers, versions: Numbers
) -> tuple[DependencyGraph, Numbers, Numbers]:
    """The needs of a file between versions of packages, `versions` by what is `named`; and what it is said to need to run, and
    for development, whether or not those are imports."""
    if not len(versions):
        return DependencyGraph((), (), ()), versions[:0], versions[:0]
    refs = _numbers(lines.refs)
    by_name = np.argsort(named)
    version_of = np.zeros(len(needs), dtype=np.int64)
    version_of[refs] = versions[by_name][np.searchsorted(named[by_name], _numbers(lines.named))]
    version_of[0] = 0
    whole = np.zeros(len(needs), dtype=bool)
    whole[list(needs.whole)] = True
    whole[0] = False
    # A file that is about most of its own lines lists everything, and says of none that it is the whole.
    if 2 * whole[refs].sum() > len(refs):
        whole[:] = False
    sources, targets = _numbers(needs.sources), _numbers(needs.targets)
    starts, ends = version_of[sources], version_of[targets]
    between = (starts > 0) & (ends > 0) & ~whole[sources] & ~whole[targets]
    of_whole = whole[sources] & ~whole[targets] & (ends > 0)
    aside = np.zeros(len(sources), dtype=bool)
    aside[_numbers(needs.aside)] = True
    wanted = _imports_of(sources[of_whole], ends[of_whole], starts[between], ends[between])
    said = version_of[_numbers(needs.imports)]
    graph = DependencyGraph(np.concatenate([wanted, said[said > 0]]), starts[between], ends[between])
    return graph, ends[of_whole & ~aside], ends[of_whole & aside]


def _imports_of(wholes: Numbers, wanted: Numbers, starts: Numbers, ends: Numbers) -> Numbers:
    """What each of `wholes` is said to need, but of those that only list: what one needs then needs nothing beside it."""
    found = [wanted[:0]]
    for whole in list(dict.fromkeys(wholes.tolist()))[:_MOST_WHOLES]:
        listed = wanted[wholes == whole]
        if not np.isin(ends[np.isin(starts, listed)], listed).all():
            found.append(listed)
    return np.concatenate(found)


def _numbers(values: "array[int]") -> Numbers:
    return np.frombuffer(values, dtype=np.int64) if len(values) else np.zeros(0, dtype=np.int64)
