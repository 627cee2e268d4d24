"""Reminders where people are: a messaging service in place of mail, or with it; nobody is ever told nowhere."""

import dataclasses
import json
import re
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import time_machine
from alembic import command
from alembic.config import Config
from sqlalchemy import func, select, text

from app.platform import outbound
from app.platform.database import make_engine
from app.platform.notifying import NotDelivered, channel_address_of, notify_channel, notifying_service_of
from app.renewals import handlers
from app.renewals.models import Channel, Reminder
from tests.conftest import ROOT, on_sqlite

TOKEN = "abcdefghijklmnopqrstuvwxyz"
START = date(2026, 1, 10)


class Service:
    """A Mattermost on loopback: `answer` what it says, `told` what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.answer = 200
        self.to = ""
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if service.answer == 200:
                    service.told.append(body["text"])
                self.send_response(service.answer)
                if service.to:
                    self.send_header("Location", service.to)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def webhook(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hooks/{TOKEN}"


@pytest.fixture
def service():
    found = Service()
    yield found
    found.server.shutdown()


@pytest.fixture
def scene(world, app, service):
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], private_hosts=frozenset({"127.0.0.1"}))
    world.jobs.run_within(world.app.test_request_context)
    with time_machine.travel("2026-01-10T09:00Z"):
        world.product(start=START)
        yield world, world.visitor(world.person()), service


def add(visitor, address: str) -> str:
    return visitor.post("/compte/rappels/canaux", {"address": address}, follow_redirects=True).get_data(as_text=True)


def pass_day(world, day: str) -> None:
    with time_machine.travel(f"{day}T09:00Z"):
        handlers.plan_digests(world.database)
        world.jobs.run_due()


def test_a_channel_is_tried_then_told_with_mail_or_without(scene):
    world, visitor, service = scene
    assert "un premier message y est arrivé" in add(visitor, service.webhook)
    assert "Vos rappels" in service.told[0]
    pass_day(world, "2026-04-10")
    assert len(world.mails()) == 1 and len(service.told) == 2
    assert "est attendue le 10 juillet 2026" in service.told[1] and "/produits/exemple" in service.told[1]
    visitor.post("/compte/rappels", {"early": "y"})
    pass_day(world, "2026-06-10")
    assert len(world.mails()) == 1 and len(service.told) == 3
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Reminder.id))) == 3
        assert TOKEN not in session.scalar(select(Channel.address))


def test_a_new_channel_does_not_repeat_what_was_told(scene):
    world, visitor, service = scene
    pass_day(world, "2026-04-10")
    add(visitor, service.webhook)
    pass_day(world, "2026-04-11")
    assert len(service.told) == 1


def test_a_channel_that_falls_gives_way_to_mail(scene):
    world, visitor, service = scene
    add(visitor, service.webhook)
    visitor.post("/compte/rappels", {"early": "y"})
    service.answer = 500
    for hour in range(24):
        with time_machine.travel(f"2026-04-{10 + hour // 12}T{9 + hour % 12:02}:00Z"):
            handlers.plan_digests(world.database)
            world.jobs.run_due()
    assert len(world.mails()) == 1 and "10 juillet 2026" in world.mails()[0]
    page = visitor.get("/compte/rappels").get_data(as_text=True)
    assert "N’arrive plus" in page
    service.answer = 200
    pass_day(world, "2026-06-10")
    assert len(service.told) == 2
    assert "N’arrive plus" not in visitor.get("/compte/rappels").get_data(as_text=True)


def test_a_digest_whose_channel_was_removed_goes_by_mail(scene):
    world, visitor, service = scene
    add(visitor, service.webhook)
    visitor.post("/compte/rappels", {"early": "y"})
    service.answer = 500
    pass_day(world, "2026-04-10")
    with world.database.reading() as session:
        channel = session.scalar(select(Channel.id))
    visitor.post(f"/compte/rappels/canaux/{channel}/retirer")
    pass_day(world, "2026-04-11")
    pass_day(world, "2026-04-12")
    assert len(world.mails()) == 1 and "10 juillet 2026" in world.mails()[0]


def test_somebody_is_always_told_somewhere(scene):
    world, visitor, service = scene
    refused = visitor.post("/compte/rappels", {"early": "y"}).get_data(as_text=True)
    assert "personne ne vous préviendrait" in refused
    add(visitor, service.webhook)
    visitor.post("/compte/rappels", {"early": "y"})
    with world.database.reading() as session:
        channel = session.scalar(select(Channel.id))
    stranger = world.visitor(world.person("etranger@exemple.test", "Quelqu’un"))
    stranger.post(f"/compte/rappels/canaux/{channel}/retirer")
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Channel.id))) == 1
    visitor.post(f"/compte/rappels/canaux/{channel}/retirer")
    pass_day(world, "2026-04-10")
    assert len(world.mails()) == 1 and len(service.told) == 1


@on_sqlite
@pytest.mark.parametrize(
    "address",
    [
        "",
        "bonjour",
        "https://exemple.test/",
        "file:///etc/passwd",
        f"json://127.0.0.1/{TOKEN}",
        f"mmost://exemple.test/{TOKEN}",
        f"slack://a/b/{TOKEN}?template=/etc/passwd",
        "dbus://",
        "syslog://",
        "mailto://a:b@exemple.test",
        "https://[::1/hooks/abcdefghijklmnopqrstuvwxyz",
    ],
)
def test_other_addresses_are_refused(scene, address):
    world, visitor, _ = scene
    page = add(visitor, address)
    assert re.search("n’est pas celle d’un webhook|obligatoire", page)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Channel.id))) == 0


def test_private_machines_are_not_met_even_by_a_redirect(service):
    inside, outside = service, Service()
    with pytest.raises(NotDelivered, match="refused_address"):
        notify_channel(f"mmosts://127.0.0.1:{inside.server.server_port}/{TOKEN}", "T", "B", private_hosts=())
    outside.answer, outside.to = 307, inside.webhook
    front = f"mmost://localhost:{outside.server.server_port}/{TOKEN}"
    with pytest.raises(NotDelivered, match="redirected"):
        notify_channel(front, "T", "B", private_hosts={"localhost"})
    assert inside.told == []
    outside.answer, outside.to = 200, ""
    notify_channel(front, "T", "B", private_hosts={"localhost"})
    assert len(outside.told) == 1
    outside.server.shutdown()


@pytest.mark.parametrize("scheme", ["mmosts://mm.exemple.test/", "https://mm.exemple.test/hooks/"])
@pytest.mark.parametrize(
    "odd",
    [
        ";verify=no",
        "?verify=no",
        "#?verify=no",
        ";template=/etc/passwd",
        "?template=/etc/passwd",
        "#",
        "/;rto=40",
        "%3Fverify=no",
        "&cto=40",
        "\\@elsewhere.test",
        " ",
        "@elsewhere.test",
        ":99999999",
        "\n",
        "\u202e",
    ],
)
def test_nothing_can_be_slipped_into_an_address(scheme, odd):
    """A semicolon, or a mark after a hash, turned checks off and had a file of the server read and sent."""
    for address in (
        f"{scheme}{TOKEN}{odd}",
        f"{scheme}{odd}{TOKEN}",
        f"{scheme.replace('.test', f'.test{odd}')}{TOKEN}",
    ):
        if address.strip() != f"{scheme}{TOKEN}":
            with pytest.raises(ValueError, match="not a service"):
                channel_address_of(address, private_hosts=())


@pytest.mark.parametrize(
    ("address", "title", "sent_to", "said"),
    [
        # https://developers.mattermost.com/integrate/webhooks/incoming/
        (
            f"https://mm.exemple.test:8443/chat/hooks/{TOKEN}",
            "Mattermost",
            f"https://mm.exemple.test:8443/chat/hooks/{TOKEN}",
            {"text": "**T**\n\nB"},
        ),
        (
            f"mmosts://mm.exemple.test/chat/{TOKEN}",
            "Mattermost",
            f"https://mm.exemple.test/chat/hooks/{TOKEN}",
            {"text": "**T**\n\nB"},
        ),
        # https://api.slack.com/messaging/webhooks
        (
            "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            "Slack",
            "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            {"text": "*T*\n\nB"},
        ),
        # https://docs.rocket.chat/docs/integrations
        (
            "https://chat.exemple.test/hooks/64e5b1a2c3d4e5f6a7b8c9d0/abcDEF1234567890",
            "Rocket.Chat",
            "https://chat.exemple.test/hooks/64e5b1a2c3d4e5f6a7b8c9d0/abcDEF1234567890",
            {"text": "**T**\n\nB"},
        ),
        # https://discord.com/developers/docs/resources/webhook#execute-webhook
        (
            "https://discord.com/api/webhooks/223704706495545344/3d89bb7572e0fb30d8128367b3b1b44fecd1726de135",
            "Discord",
            "https://discord.com/api/webhooks/223704706495545344/3d89bb7572e0fb30d8128367b3b1b44fecd1726de135",
            {"content": "**T**\n\nB"},
        ),
        # https://docs.ntfy.sh/publish/#publish-as-json
        (
            "ntfys://ntfy.exemple.test/jalon",
            "ntfy",
            "https://ntfy.exemple.test/",
            {"topic": "jalon", "title": "T", "message": "B"},
        ),
        # https://gotify.net/docs/pushmsg
        (
            "gotifys://gotify.exemple.test/AbCdEf.1234",
            "Gotify",
            "https://gotify.exemple.test/message",
            {"title": "T", "message": "B"},
        ),
        # https://core.telegram.org/bots/api#sendmessage
        (
            "tgram://123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0/-1001234567890",
            "Telegram",
            "https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0/sendMessage",
            {"chat_id": "-1001234567890", "text": "T\n\nB"},
        ),
    ],
)
def test_each_service_is_written_to_as_its_documentation_says(address, title, sent_to, said, monkeypatch):
    sent = []

    def ask(where, headers, **more):
        sent.append((where, headers, more))
        return outbound.Answer(200, {}, b"ok")

    monkeypatch.setattr(outbound, "ask_address", ask)
    known = channel_address_of(address, private_hosts=())
    assert notifying_service_of(known) == title
    notify_channel(known, "T", "B", private_hosts=())
    (where, headers, more) = sent[0]
    assert where == sent_to and json.loads(more["body"]) == said and headers["Content-Type"] == "application/json"
    notify_channel(known, "@all", "B", private_hosts=())
    assert title in {"ntfy", "Gotify", "Telegram"} or "@all" not in json.loads(sent[1][2]["body"]).popitem()[1]


def test_tchap_teams_and_zulip_are_written_to_as_their_documentation_says(monkeypatch):
    sent = []
    monkeypatch.setattr(
        outbound, "ask_address", lambda *a, **more: sent.append((a, more)) or outbound.Answer(200, {}, b"")
    )
    # https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
    notify_channel(
        "matrixs://syt_jeton_1234@matrix.agent.dinum.tchap.gouv.fr/!AbCdEf:agent.dinum.tchap.gouv.fr",
        "T",
        "B",
        private_hosts=(),
    )
    (where, headers), more = sent[0]
    assert where.startswith(
        "https://matrix.agent.dinum.tchap.gouv.fr/_matrix/client/v3/rooms/%21AbCdEf%3Aagent.dinum.tchap.gouv.fr/send/m.room.message/"
    )
    assert headers["Authorization"] == "Bearer syt_jeton_1234" and more["method"] == "PUT"
    # https://learn.microsoft.com/power-automate/teams/send-a-message-in-teams
    teams = "https://prod-12.westeurope.logic.azure.com:443/workflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke"
    query = "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=AbCdEfGhIjKlMnOpQrStUvWxYz012345"
    notify_channel(teams + query, "T", "B", private_hosts=())
    assert sent[1][0][0] == teams + query and b"AdaptiveCard" in sent[1][1]["body"]
    # https://zulip.com/api/send-message
    notify_channel("zulip://jalon@equipe/AbCdEfGhIjKlMnOp/general", "T", "B", private_hosts=())
    assert sent[2][0][0] == "https://equipe.zulipchat.com/api/v1/messages" and b"to=general" in sent[2][1]["body"]


def test_the_migration_keeps_what_was_told(tmp_path):
    engine, config = make_engine(f"sqlite:///{tmp_path / 'old.db'}"), Config(str(ROOT / "alembic.ini"))

    def move(to: str, how=command.upgrade) -> None:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            how(config, to)

    move("0017")
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO person (id, email, name, title, language, created_at) VALUES ('p', 'a', 'A', '', 'fr', '2026-01-01')",
            "INSERT INTO product (id, slug, name, mission, address, repository, contact, created_at, extra, file_extra)"
            " VALUES ('q', 'q', 'Q', '', '', '', '', '2026-01-01', '{}', '{}')",
            "INSERT INTO digest (id, person_id, day, message_id, error) VALUES ('d', 'p', '2026-01-01', 'm', '')",
            "INSERT INTO reminder (id, product_id, kind, ref, due, months_before, person_id, digest_id)"
            " VALUES ('r', 'q', 'expiry', '', '2026-01-01', 1, 'p', 'd')",
        ):
            connection.execute(text(statement))
    for step in (lambda: move("head"), lambda: move("0017", command.downgrade), lambda: move("head")):
        step()
        with engine.begin() as connection:
            assert (
                connection.execute(text("SELECT count(*) FROM reminder JOIN digest ON digest.id = digest_id")).scalar()
                == 1
            )
    engine.dispose()
