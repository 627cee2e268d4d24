"""How long SBOM take to come in, and how fast a portfolio answers; run by `make bench`. Ratios side by side."""

import gc
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from app.feeds import services as feeds
from app.feeds.kinds import FeedName
from app.feeds.loading import Loaded
from app.inventory.models import Component
from app.packages import matching, queries, sboms
from app.platform import clock
from app.platform.database import Database, make_engine, new_id
from app.products.models import Product
from risk_models.exposure.package_names import package_of, split_purl
from risk_models.exposure.ranges import MatchVerdict, read_osv
from risk_models.exposure.typed_ranges import read_range
from risk_models.scales import ComponentKind, Exposure, Hosting, Patcher

PRODUCTS = int(os.environ.get("JALON_BENCH_PRODUCTS", "5000"))
EACH = 1000
LARGE, DIRECT = 300_000, 100


@pytest.fixture(autouse=True)
def only_when_asked(request):
    if not request.config.getoption("--benchmarks"):
        pytest.skip("benchmarks run with make bench")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    found = tmp_path_factory.mktemp("boms")
    yield found
    shutil.rmtree(found)


def products_in(database: Database, count: int) -> list[tuple[str, str]]:
    """Ids of `count` products, and of the one component of each."""
    ids = [(new_id(), new_id()) for _ in range(count)]
    now = clock.now()
    with database.writing() as session:
        session.execute(
            insert(Product),
            [
                {"id": p, "slug": f"p{n}", "name": f"Produit {n}", "created_at": now, "mission": "", "address": ""}
                | {"repository": "", "contact": ""}
                for n, (p, _) in enumerate(ids)
            ],
        )
        session.execute(
            insert(Component),
            [
                {
                    "id": c,
                    "product_id": p,
                    "ref": "web",
                    "name": "Application",
                    "kind": ComponentKind.WEB,
                    "hosting": Hosting.PAAS,
                    "exposure": Exposure.INTERNET,
                    "patched_by": Patcher.TEAM,
                }
                for p, c in ids
            ],
        )
    return ids


def bring(database: Database, ids: tuple[str, str], path: Path) -> None:
    with database.session(writing=True) as session, path.open("rb") as file:
        product, component = session.get(Product, ids[0]), session.get(Component, ids[1])
        sboms.import_sbom(session, None, product, component, file, path.name)


ONE_IMPORT = """
import resource, sys, time
from pathlib import Path
from app.cli.setup import upgrade
import app.factory
from app.platform.database import Database, make_engine
from tests.benchmarks.test_inventory import bring, products_in
url, path = sys.argv[1], Path(sys.argv[2])
upgrade(url)
database = Database(make_engine(url))
(ids,) = products_in(database, 1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
start = time.perf_counter(); bring(database, ids, path); first = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
start = time.perf_counter(); bring(database, ids, path); again = time.perf_counter() - start
print(first, again, before, peak)
"""


def test_a_large_sbom(folder, postgres_url):
    path = folder / "large.cdx.json"
    with path.open("w") as file:
        file.write('{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component":')
        file.write(' {"type": "application", "bom-ref": "nous", "name": "nous"}}, "components": [')
        for n in range(LARGE):
            name = f"paquet-{n % 200_000}"
            one = {"type": "library", "bom-ref": f"r{n}", "name": name, "version": f"1.{n // 200_000}.{n % 7}"}
            one |= {"purl": f"pkg:npm/{name}@{one['version']}", "hashes": [{"alg": "SHA-256", "content": f"{n:064x}"}]}
            file.write(("," if n else "") + json.dumps(one))
        file.write('], "dependencies": [' + json.dumps({"ref": "nous", "dependsOn": [f"r{n}" for n in range(DIRECT)]}))
        for n in range(LARGE):
            needed = [f"r{m}" for m in (n // 2, 2 * n + DIRECT, 2 * n + DIRECT + 1) if m < LARGE]
            needed = needed[n % 2 :]  # two a component, as in the lock files of real products
            file.write("," + json.dumps({"ref": f"r{n}", "dependsOn": needed}))
        file.write("]}")
    admin = make_engine(f"{postgres_url}/postgres").execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE one_import"))
    print(
        f"\n| {LARGE:,} components, {path.stat().st_size // 1_000_000} MB | s | components a second | again, s | share | memory before and at most, MB |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for kind, url in (("SQLite", f"sqlite:///{folder / 'one.db'}"), ("PostgreSQL", f"{postgres_url}/one_import")):
        said = subprocess.run(
            [sys.executable, "-c", ONE_IMPORT, url, str(path)], check=True, capture_output=True, text=True
        )
        first, again, before, peak = map(float, said.stdout.split())
        print(
            f"| {kind} | {first:.1f} | {LARGE / first:,.0f} | {again:.2f} | {again / first:.1%} | {before:.0f}, {peak:.0f} |"
        )


def portfolio_files(folder: Path, count: int) -> list[Path]:
    """SBOM of `count` products: a few packages are everywhere, most are rare; each has some forty versions."""
    rng = random.Random(2026)
    names = [f"pkg:npm/lib-{n}" for n in range(20_000)]
    weights = [1 / (n + 3) for n in range(len(names))]
    paths = []
    for n in range(count):
        chosen = dict.fromkeys(rng.choices(names, weights, k=int(EACH * 1.5)))
        while len(chosen) < EACH:
            chosen[rng.choice(names)] = None
        rows = [
            {"type": "library", "name": p[8:], "version": f"{rng.randrange(5)}.{rng.randrange(8)}.0", "purl": ""}
            for p in list(chosen)[:EACH]
        ]
        for row in rows:
            row["purl"] = row["bom-ref"] = f"pkg:npm/{row['name']}@{row['version']}"
        path = folder / f"p{n}.cdx.json"
        needs = [{"ref": "nous", "dependsOn": [row["purl"] for row in rows[:50]]}]
        for at, row in enumerate(rows):
            needs.append({"ref": row["purl"], "dependsOn": [r["purl"] for r in rows[2 * at + 50 : 2 * at + 52]]})
        head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "dependencies": needs}
        head |= {"metadata": {"component": {"type": "application", "bom-ref": "nous", "name": "nous"}}}
        path.write_text(json.dumps(head | {"components": rows}))
        paths.append(path)
    return paths


def brute_force(paths: list[Path], package: str, span: str) -> set[tuple[str, str]]:
    """What teams did in December 2021: every file read again, every component compared."""
    affected = read_range(package, span)
    found = set()
    for path in paths:
        for one in json.loads(path.read_bytes())["components"]:
            name, version = split_purl(one["purl"])
            if name == package and affected.verdict(version) is not MatchVerdict.NOT_EXPOSED:
                found.add((path.name.removesuffix(".cdx.json"), version))
    return found


def advisories(count: int) -> Loaded:
    """OSV records over the packages of the portfolio and as many that nobody has."""
    rng = random.Random(7)
    loaded = Loaded(FeedName.OSV, "benchmark", "0" * 64)
    for n in range(count):
        name = f"lib-{rng.randrange(20_000)}" if n % 2 else f"absent-{n}"
        low, high = sorted(rng.sample(range(40), 2))
        record = {
            "id": f"GHSA-{n:04d}-aaaa-bbbb",
            "aliases": [f"CVE-2099-{n}"],
            "affected": [
                {
                    "package": {"ecosystem": "npm", "name": name},
                    "ranges": [
                        {
                            "type": "SEMVER",
                            "events": [
                                {"introduced": f"{low // 8}.{low % 8}.0"},
                                {"fixed": f"{high // 8}.{high % 8}.0"},
                            ],
                        }
                    ],
                }
            ],
        }
        loaded.advisories.append(read_osv(record))
    return loaded


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def test_a_portfolio(folder, postgres_url):
    from app.cli.setup import upgrade

    paths = portfolio_files(folder, PRODUCTS)
    admin = make_engine(f"{postgres_url}/postgres").execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE portfolio"))
    asked = [
        (f"pkg:npm/lib-{n}", ">=1.2.0,<3.4.0") for n in (0, 1, 2, 5, 10, 20, 50, 100, 300, 1000, 3000, 10_000, 19_999)
    ]
    print(f"\n{PRODUCTS:,} products × {EACH:,} packages = {PRODUCTS * EACH:,} rows")
    print(
        "| | imported in, s | who is exposed, median ms | p95 ms | common: by index, by brute force, times | middling | rare |\n"
        "| --- | ---: | ---: | ---: | --- | --- | --- |"
    )
    for kind, url in (("SQLite", f"sqlite:///{folder / 'portfolio.db'}"), ("PostgreSQL", f"{postgres_url}/portfolio")):
        upgrade(url)
        database = Database(make_engine(url))
        ids = products_in(database, PRODUCTS)
        start = time.perf_counter()
        for one, path in zip(ids, paths, strict=True):
            bring(database, one, path)
        imported = time.perf_counter() - start
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # As PostgreSQL does in its own time, which would fall on one run and not on the other.
            connection.execute(text("VACUUM ANALYZE" if kind == "PostgreSQL" else "ANALYZE"))
        times, answers = [], {}
        for _ in range(8):
            for package, span in asked:
                with database.reading() as session:
                    start = time.perf_counter()
                    users = queries.find_users(session, package, read_range(package, span))
                    found = queries.with_known_flaws(session, users)
                    times.append(time.perf_counter() - start)
                    answers[package] = {(u.product_slug, u.version) for u in found}
        warm = times[len(asked) :]
        print(
            f"| {kind} | {imported:.0f} | {statistics.median(warm) * 1000:.1f} | {percentile(warm, 0.95) * 1000:.1f} |"
            + beside_brute_force(paths, asked, times, answers)
        )
        again(database, kind, [p for p, _ in ids])


def beside_brute_force(paths: list[Path], asked: list[tuple[str, str]], times: list[float], answers: dict) -> str:
    """For a common, a middling and a rare package: rows, and how many times slower every file read again is."""
    told = []
    for number in (0, len(asked) // 2, len(asked) - 1):
        package, span = asked[number]
        gc.collect()
        start = time.perf_counter()
        assert answers[package] == brute_force(paths, package, span)
        slow = time.perf_counter() - start
        quick = statistics.median(times[len(asked) + number :: len(asked)])
        told.append(f"{len(answers[package]):,} rows: {quick * 1000:.1f} ms, {slow:.1f} s, {slow / quick:,.0f}")
    return " " + " | ".join(told) + " |"


def again(database: Database, kind: str, ids: list[str]) -> None:
    """All flaws looked at again over the portfolio, as after a feed is loaded."""
    with database.session(writing=True) as session:
        feeds.load_feed(session, None, advisories(10_000))
    for count in (len(ids) // 10, len(ids) // 2, len(ids)):
        start, total, most = time.perf_counter(), 0, 0
        for at in range(0, count, 500):
            with database.reading() as session:
                found = matching.matches_of(session, ids[at : min(at + 500, count)])
            total += sum(map(len, found.values()))
            most = max(most, *map(len, found.values()))
        seconds = time.perf_counter() - start
        print(
            f"{kind}: 10,000 OSV records over {count:,} products: {seconds:.1f} s, {total:,} matches, {total / seconds:,.0f} a second"
        )


def test_the_helpers_name_packages_as_the_feeds_do():
    assert package_of("npm", "lib-1") == "pkg:npm/lib-1"
