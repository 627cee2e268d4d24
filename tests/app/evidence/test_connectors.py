"""Outside tools asked over the network: what they say, what they fail to say, and where Jalon never goes."""

import json
import re
import socket
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.evidence import connectors, running
from app.evidence.jobs import RunConnector
from app.evidence.models import Connector
from app.identity.kinds import Role
from app.platform import clock, outbound, secrets
from app.platform.outbound import Unreachable, ask_address
from risk_models.scales import Check, ProofState
from tests.factories.evidence import SAMPLES, proof, reading, write


def branched(world, tool, kind: str, address: str = "", token: str = "jeton-secret", **product):
    """A connector of a product, added through the page, its tool on this machine."""
    owner = world.person()
    world.filled(owner)
    with world.database.writing() as session:
        row = session.get(type(world.reload()), world.reload().id)
        row.address, row.repository = "https://api.gouv.fr", "https://github.com/octocat/hello-world"
    settings = world.app.config["SETTINGS"]
    world.app.config["SETTINGS"] = replace(
        settings, github_api=tool.address, updown_api=tool.address, private_hosts=frozenset({"127.0.0.1"})
    )
    visitor = world.visitor(owner)
    answer = visitor.post("/produits/exemple/outils/nouveau", {"kind": kind, "address": address, "token": token})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    with world.session(writing=False) as session:
        return visitor, session.scalar(select(Connector))


def page_of(visitor) -> str:
    return visitor.get("/produits/exemple/preuves").get_data(as_text=True)


def run(world):
    with world.app.test_request_context():
        world.jobs.run_due()


def test_updown_io_is_asked_with_its_key_and_proves_the_measure(world, tool):
    visitor, row = branched(world, tool, "updown")
    assert "jeton-secret" not in row.token
    with world.app.app_context():
        assert secrets.decrypt_text(row.token) == "jeton-secret"
    checks = json.loads((SAMPLES / "updown.json").read_text())
    checks[0]["last_check_at"] = clock.now().isoformat()
    tool.server.answer = lambda path: (200, {}, json.dumps(checks).encode())
    run(world)
    assert tool.server.asked[0][0] == "/checks"
    assert tool.server.asked[0][1]["X-API-KEY"] == "jeton-secret"
    assert proof(world, world.reload(), "availability_monitoring") is ProofState.FRESH
    page = page_of(visitor)
    assert "Relevé" in page and "jeton-secret" not in page
    assert "jeton-secret" not in visitor.get(f"/produits/exemple/outils/{row.id}").get_data(as_text=True)


def test_github_is_read_and_alerts_set_aside_are_told(world, tool):
    visitor, row = branched(world, tool, "github", "https://github.com/octocat/hello-world.git")
    assert row.address == "octocat/hello-world"
    alerts = (SAMPLES / "github_dependabot.json").read_bytes()

    def answer(path):
        if path.endswith("hello-world"):
            return 200, {}, b'{"default_branch": "main"}'
        return (200, {}, alerts) if "dependabot" in path else (403, {}, b'{"message": "not enabled"}')

    tool.server.answer = answer
    run(world)
    assert tool.server.asked[0][1]["Authorization"] == "Bearer jeton-secret"
    assert proof(world, world.reload(), "dependabot") is ProofState.CONTRADICTED
    refused = visitor.edit(f"/produits/exemple/outils/{row.id}", {"paths": "tests/*", "development": "y"})
    assert "Dites pourquoi" in refused.get_data(as_text=True)
    for pattern in ("*", "?*", "*.json", "src/*"):
        hidden = visitor.edit(f"/produits/exemple/outils/{row.id}", {"paths": pattern, "reason": "x"})
        assert "cacherait toutes les alertes" in hidden.get_data(as_text=True), pattern
    opened = visitor.get(f"/produits/exemple/outils/{row.id}").get_data(as_text=True)
    kept = {"paths": "tests/*", "development": "y", "reason": "jeux d’essai"}
    visitor.edit(f"/produits/exemple/outils/{row.id}", kept)
    before = re.search(r'name="revision"[^>]*value="([^"]*)"', opened)[1]
    late = visitor.post(f"/produits/exemple/outils/{row.id}", {"paths": "", "reason": "", "revision": before})
    assert "a enregistré" in late.get_data(as_text=True)
    run(world)
    page = page_of(visitor)
    assert "2 alertes mises de côté" in page and "jeux d’essai" in page
    assert proof(world, world.reload(), "dependabot") is ProofState.FRESH


def test_every_page_of_github_is_read_from_its_own_machine_alone(world, tool):
    """Three pages, whose addresses have the number of the repository, as GitHub writes them."""
    visitor, row = branched(world, tool, "github", "https://github.com/octocat/hello-world.git")
    [critical, *_] = json.loads((SAMPLES / "github_dependabot.json").read_bytes())
    mild = critical | {"security_advisory": {"severity": "low"}}
    pages = {"": [mild] * 100, "page2": [mild] * 100, "page3": [critical]}
    elsewhere = "https://api.github.test/repositories/1300192/dependabot/alerts?after=page3"

    def answer(path, third=f"{tool.address}/repositories/1300192/dependabot/alerts?after=page3"):
        if path.endswith("hello-world"):
            return 200, {}, b'{"default_branch": "main"}'
        if "dependabot" not in path:
            return 403, {}, b'{"message": "not enabled"}'
        page = path.partition("after=")[2]
        second = f"{tool.address}/repositories/1300192/dependabot/alerts?after=page2"
        following = {"": second, "page2": third}.get(page)
        link = {"Link": f'<{following}>; rel="next", <{second}>; rel="first"'} if following else {}
        return 200, link, json.dumps(pages[page]).encode()

    tool.server.answer = answer
    run(world)
    assert "201" in page_of(visitor)
    assert proof(world, world.reload(), "dependabot") is ProofState.CONTRADICTED
    tool.server.answer = lambda path: answer(path, elsewhere)
    visitor.post(f"/produits/exemple/outils/{row.id}/lancer")
    run(world)
    assert "pas celle de cet outil" in page_of(visitor)


FAULTS = [
    ((401, {}, b"{}"), "jeton est refusé"),
    ((403, {}, b"{}"), "jeton est refusé"),
    ((404, {}, b"{}"), "Introuvable"),
    ((429, {}, b"{}"), "Trop de demandes"),
    ((500, {}, b"boom"), "est en panne"),
    ((200, {}, b"<html><body>Connexion</body></html>"), "pas celle de cet outil"),
    ((200, {}, b'[{"url": "https://api.gouv.fr", "enab'), "pas celle de cet outil"),
    ((200, {"Content-Length": "9000"}, b"[]"), "ne répond pas"),
    ((302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""), "renvoie ailleurs"),
    ((302, {"Location": "https://updown.io/api/checks"}, b""), "renvoie ailleurs"),
]


@pytest.mark.parametrize(("answer", "said"), FAULTS, ids=[f"{a[0]}-{i}" for i, (a, _) in enumerate(FAULTS)])
def test_a_tool_at_fault_is_told_and_loses_nothing(world, tool, answer, said):
    visitor, _ = branched(world, tool, "updown")
    checks = json.loads((SAMPLES / "updown.json").read_text())
    checks[0]["last_check_at"] = clock.now().isoformat()
    tool.server.answer = lambda path: (200, {}, json.dumps(checks).encode())
    run(world)
    tool.server.answer = lambda path: answer
    visitor.post(f"/produits/exemple/outils/{connector(world).id}/lancer")
    run(world)
    page = page_of(visitor)
    assert "Échec" in page and said in page and "Dernier relevé réussi" in page
    assert proof(world, world.reload(), "availability_monitoring") is ProofState.FRESH
    assert connector(world).next_run_at <= clock.now() + timedelta(hours=1)


def connector(world) -> Connector:
    with world.session(writing=False) as session:
        return session.scalar(select(Connector))


def test_a_tool_that_says_nothing_is_left_alone(world, tool, monkeypatch):
    monkeypatch.setattr(outbound, "_SILENCE_SECONDS", 0.2)
    visitor, _ = branched(world, tool, "updown")
    done = threading.Event()

    def never(path):
        done.wait(5)
        return 200, {}, b"[]"

    tool.server.answer = never
    run(world)
    done.set()
    assert "Pas de réponse à temps" in page_of(visitor)


def test_a_tool_that_drips_is_left_alone(tool):
    done = threading.Event()

    class Drip(list):
        def __iter__(self):
            while not done.wait(0.05):  # always in time for the one, never at an end for the other
                yield b" "

    tool.server.answer = lambda path: (200, {}, Drip())
    with pytest.raises(Unreachable) as error:
        ask_address(tool.address, private_hosts={"127.0.0.1"}, seconds=1)
    done.set()
    assert error.value.code == "timeout"


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://user:pw@example.org/",
        "http://example.org/",
        "file:///etc/passwd",
        "ftp://example.org/",
        "https:///",
        "https://example.org:99999/",
    ],
)
def test_private_addresses_are_never_asked(address):
    with pytest.raises(Unreachable) as error:
        ask_address(address)
    assert error.value.code == "refused_address"


def test_a_name_that_leads_to_a_private_machine_is_refused(monkeypatch):
    asked = []

    def resolve(host, port, **_):
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port)),
        ]

    monkeypatch.setattr(outbound.socket, "getaddrinfo", resolve)
    with pytest.raises(Unreachable) as error:
        ask_address("https://rebond.exemple.test/report.json")
    assert (error.value.code, asked) == ("refused_address", ["rebond.exemple.test"])


def test_a_dashlord_address_of_the_incubator_is_read_for_all_its_products(world, tool):
    lead = world.person("chef@exemple.test", "Chef")
    product = world.filled(world.person())
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    visitor = world.visitor(lead)
    answer = visitor.post("/incubateurs/dinum/outils", {"kind": "dashlord", "address": "https://127.0.0.1/report.json"})
    assert answer.status_code == 302
    run(world)
    assert "réseau privé" in visitor.get("/incubateurs/dinum/outils").get_data(as_text=True)
    assert world.visitor(world.person()).get("/incubateurs/dinum/outils").status_code == 404
    assert visitor.get("/incubateurs/inconnu/outils").status_code == 404


@pytest.mark.parametrize(("held", "left"), [(True, ProofState.ABSENT), (False, ProofState.CONTRADICTED)])
def test_removing_a_connector_forgets_its_token_and_not_the_bad_news(world, tool, held, left):
    visitor, row = branched(world, tool, "github", "octocat/hello-world")
    product = world.reload()
    write(world, product, [reading(Check.DEPENDABOT, holds=held, subject="octocat/hello-world")], "github")
    visitor.post(f"/produits/exemple/outils/{row.id}/retirer")
    assert connector(world) is None
    assert proof(world, product, "dependabot") is left


def test_a_product_shows_its_own_repository_and_an_incubator_its_dashlord(world, tool):
    visitor, _ = branched(world, tool, "updown")
    for kind, address, said in (
        ("github", "octocat/spoon-knife", "pas le dépôt de la fiche"),
        ("dashlord", "https://exemple.test/report.json", "tout l’incubateur"),
    ):
        answer = visitor.post("/produits/exemple/outils/nouveau", {"kind": kind, "address": address, "token": "t"})
        assert said in answer.get_data(as_text=True)
    with world.session(writing=False) as session:
        assert session.scalars(select(Connector.kind)).all() == ["updown"]


def test_connectors_are_run_once_a_day(world, tool):
    branched(world, tool, "updown")
    run(world)
    with world.database.writing() as session:
        assert connectors.plan_runs(session) == 0
    with time_machine.travel(clock.now() + timedelta(hours=25), tick=False), world.database.writing() as session:
        assert connectors.plan_runs(session) == 1
        assert connectors.plan_runs(session) == 0


def test_a_job_of_a_removed_connector_is_done_quietly(world):
    running.run_connector(world.database, RunConnector("gone"))


def test_a_token_under_another_key_says_so(world, tool):
    visitor, _ = branched(world, tool, "updown")
    world.app.config["SETTINGS"] = replace(world.app.config["SETTINGS"], secret_keys=("x" * 40,))
    run(world)
    assert "Donnez-le de nouveau" in page_of(visitor)


def of_incubator(world, tool):
    """An incubator's connector on GitHub's `octocat`, a product whose card names a repository of it; GitHub says all is well."""
    team, lead = world.person(), world.person("chef@exemple.test", "Chef")
    product = world.filled(team)
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    settings = world.app.config["SETTINGS"]
    world.app.config["SETTINGS"] = replace(settings, github_api=tool.address, private_hosts=frozenset({"127.0.0.1"}))
    tool.server.answer = lambda path: (
        (200, {}, b'{"default_branch": "main"}') if path.count("/") == 3 else (200, {}, b"[]")
    )
    name_repository(world, "https://github.com/octocat/hello-world")
    visitor = world.visitor(lead)
    answer = visitor.post("/incubateurs/dinum/outils", {"kind": "github", "address": "octocat", "token": "jeton"})
    where = answer.headers["Location"]
    run(world)
    return visitor, where, world.visitor(team)


def name_repository(world, address: str) -> None:
    with world.database.writing() as session:
        session.get(type(world.reload()), world.reload().id).repository = address


def asked_of(tool, repository: str) -> int:
    return sum(repository in path for path, _ in tool.server.asked)


def ticks(visitor, where: str) -> list[str]:
    return re.findall(r'name="depot" value="([^"]+)"', visitor.get(where).get_data(as_text=True))


def test_an_incubator_reads_only_the_repositories_that_it_confirmed(world, tool):
    visitor, where, team = of_incubator(world, tool)
    assert tool.server.asked == []
    assert "Rien n’a été lu" in visitor.get(where).get_data(as_text=True)
    assert "Votre dépôt n’est pas lu" in page_of(team)
    visitor.post(f"{where}/depots", {"depot": ticks(visitor, where)})
    run(world)
    assert asked_of(tool, "octocat/hello-world")
    assert "Votre dépôt n’est pas lu" not in page_of(team)
    assert proof(world, world.reload(), "dependabot") is ProofState.FRESH
    assert "Confirmé" in visitor.get(where).get_data(as_text=True) and not ticks(visitor, where)


def test_a_card_that_names_another_s_repository_is_not_followed(world, tool):
    visitor, where, team = of_incubator(world, tool)
    visitor.post(f"{where}/depots", {"depot": ticks(visitor, where)})
    run(world)
    name_repository(world, "https://github.com/octocat/celui-d-un-autre")
    visitor.post(f"{where}/lancer")
    run(world)
    assert asked_of(tool, "celui-d-un-autre") == 0
    assert proof(world, world.reload(), "dependabot") is not ProofState.FRESH  # that of the first is not the second’s
    assert "Votre dépôt n’est pas lu" in page_of(team)
    assert [key.partition(":")[2] for key in ticks(visitor, where)] == ["octocat/celui-d-un-autre"]


def test_a_tick_holds_for_the_repository_that_was_shown(world, tool):
    visitor, where, _ = of_incubator(world, tool)
    shown = ticks(visitor, where)
    name_repository(world, "https://github.com/octocat/celui-d-un-autre")
    answer = visitor.post(f"{where}/depots", {"depot": shown}, follow_redirects=True)
    assert "Une fiche a changé" in answer.get_data(as_text=True)
    answer = visitor.post(f"{where}/depots", {}, follow_redirects=True)
    assert "Cochez les dépôts" in answer.get_data(as_text=True)
    run(world)
    assert tool.server.asked == []


def test_a_confirmation_is_taken_back(world, tool):
    visitor, where, _ = of_incubator(world, tool)
    visitor.post(f"{where}/depots", {"depot": ticks(visitor, where)})
    run(world)
    before = len(tool.server.asked)
    product = world.reload()
    visitor.post(f"{where}/depots/{product.id}/reprendre")
    run(world)
    assert len(tool.server.asked) == before
    assert proof(world, product, "dependabot") is not ProofState.FRESH
    assert len(ticks(visitor, where)) == 1


def test_the_connector_of_a_product_stops_with_the_card_that_names_another(world, tool):
    visitor, _ = branched(world, tool, "github", "octocat/hello-world")
    name_repository(world, "https://github.com/octocat/celui-d-un-autre")
    run(world)
    assert tool.server.asked == []
    assert "nomme un autre dépôt" in page_of(visitor)
