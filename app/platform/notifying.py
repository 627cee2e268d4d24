"""A message to somebody's Mattermost, Tchap, Slack…: one request that we write ourselves, to an address that we rebuild.

An address that people type is taken apart by the pattern of its service and put together again from the parts that were
checked, so that nothing else in it can mean anything; it is asked through `outbound`, which meets no private machine.
A library that speaks to a hundred services reads files, templates and options of its own in an address: more door than help.
"""

import base64
import json
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from app.platform import outbound

_SECONDS = 10  # a person waits for the first message
_HOST = r"(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?)"
_PATH = r"(?P<path>(?:/[A-Za-z0-9._-]+)*?)"
_KEY = r"(?P<key>[A-Za-z0-9_-]{8,200})"


class NotDelivered(OSError):
    """The service did not take the message."""


class UnknownAddress(NotDelivered):
    """An address that no service's pattern takes, such as one kept in a former form: trying again would change nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: `address` complete, `body` as bytes."""

    address: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


Parts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NotifyingService:
    """One messaging service: the addresses that are its, and what is sent to one of them."""

    title: str
    pattern: re.Pattern[str]
    request: Callable[[Parts, str, str], Request]


def _json(address: str, body: Mapping[str, object], **headers: str) -> Request:
    return Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"} | headers)


def _text(title: str, body: str) -> str:
    """A line in bold, then the text; nobody's name calls a whole channel."""
    return f"**{title}**\n\n{body}".replace("@", "@\u200b")


def _mattermost(p: Parts, title: str, body: str) -> Request:
    scheme = "http" if p["scheme"] in {"http", "mmost"} else "https"
    return _json(f"{scheme}://{p['host']}{p['path']}/hooks/{p['key']}", {"text": _text(title, body)})


def _slack(p: Parts, title: str, body: str) -> Request:
    text = _text(title, body).replace("**", "*").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _json(f"https://hooks.slack.com/services/{p['team']}/{p['app']}/{p['key']}", {"text": text})


def _rocket_chat(p: Parts, title: str, body: str) -> Request:
    return _json(f"https://{p['host']}/hooks/{p['id']}/{p['key']}", {"text": _text(title, body)})


def _teams(p: Parts, title: str, body: str) -> Request:
    names = (("api-version", p["version"]), ("sp", "/triggers/manual/run"), ("sv", "1.0"), ("sig", p["key"]))
    address = f"https://{p['host']}/workflows/{p['id']}/triggers/manual/paths/invoke?{urlencode(names)}"
    lines = [{"type": "TextBlock", "text": title, "weight": "bolder", "wrap": True}]
    lines.append({"type": "TextBlock", "text": body, "wrap": True})
    card = {"type": "AdaptiveCard", "version": "1.4", "body": lines}
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return _json(address, {"type": "message", "attachments": [attachment]})


def _discord(p: Parts, title: str, body: str) -> Request:
    return _json(f"https://discord.com/api/webhooks/{p['id']}/{p['key']}", {"content": _text(title, body)[:2000]})


def _matrix(p: Parts, title: str, body: str) -> Request:
    room = quote(f"!{p['room']}:{p['server']}", safe="")
    address = f"https://{p['host']}/_matrix/client/v3/rooms/{room}/send/m.room.message/{secrets.token_hex(8)}"
    said = json.dumps({"msgtype": "m.text", "body": f"{title}\n\n{body}"}).encode()
    return Request(address, said, {"Content-Type": "application/json", "Authorization": f"Bearer {p['key']}"}, "PUT")


def _ntfy(p: Parts, title: str, body: str) -> Request:
    return _json(f"https://{p['host']}/", {"topic": p["topic"], "title": title, "message": body})


def _gotify(p: Parts, title: str, body: str) -> Request:
    return _json(f"https://{p['host']}/message", {"title": title, "message": body}, **{"X-Gotify-Key": p["key"]})


def _telegram(p: Parts, title: str, body: str) -> Request:
    text = f"{title}\n\n{body}"[:4096]
    return _json(f"https://api.telegram.org/bot{p['bot']}:{p['key']}/sendMessage", {"chat_id": p["chat"], "text": text})


def _zulip(p: Parts, title: str, body: str) -> Request:
    host = p["org"] if "." in p["org"] else f"{p['org']}.zulipchat.com"
    who = base64.b64encode(f"{p['bot']}-bot@{host}:{p['key']}".encode()).decode()
    form = urlencode({"type": "stream", "to": p["stream"], "topic": "Jalon", "content": _text(title, body)})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {who}"}
    return Request(f"https://{host}/api/v1/messages", form.encode(), headers)


# Each pattern takes the whole address: a sign that it does not name has no place in one.
SERVICES = tuple(
    NotifyingService(title, re.compile(pattern), request)
    for title, pattern, request in (
        ("Mattermost", rf"(?P<scheme>https?)://{_HOST}{_PATH}/hooks/(?P<key>[a-z0-9]{{20,40}})/?", _mattermost),
        ("Mattermost", rf"(?P<scheme>mmosts?)://{_HOST}{_PATH}/(?P<key>[a-z0-9]{{20,40}})/?", _mattermost),
        ("Rocket.Chat", rf"https://{_HOST}/hooks/(?P<id>[A-Za-z0-9]{{10,40}})/{_KEY}/?", _rocket_chat),
        (
            "Slack",
            r"(?:https://hooks\.slack\.com/services|slack:/)/(?P<team>T[A-Z0-9]{6,20})/(?P<app>B[A-Z0-9]{6,20})/(?P<key>[A-Za-z0-9]{16,40})/?",
            _slack,
        ),
        (
            "Microsoft Teams",
            r"https://(?P<host>[a-z0-9.-]+\.logic\.azure\.com(?::443)?)/workflows/(?P<id>[a-f0-9]{32})/triggers/manual/paths/invoke"
            r"\?api-version=(?P<version>[0-9-]{10})&sp=%2Ftriggers%2Fmanual%2Frun&sv=1\.0&sig=(?P<key>[A-Za-z0-9_-]{20,80})",
            _teams,
        ),
        ("Discord", rf"https://discord\.com/api/webhooks/(?P<id>[0-9]{{10,25}})/{_KEY}/?", _discord),
        (
            "Tchap, Matrix",
            rf"matrixs://{_KEY}@{_HOST}/!(?P<room>[A-Za-z0-9_-]{{5,60}}):(?P<server>[a-z0-9.-]+)/?",
            _matrix,
        ),
        ("ntfy", rf"ntfys://{_HOST}/(?P<topic>[A-Za-z0-9_-]{{1,64}})/?", _ntfy),
        ("Gotify", rf"gotifys://{_HOST}/(?P<key>[A-Za-z0-9._-]{{10,40}})/?", _gotify),
        (
            "Telegram",
            r"tgram://(?P<bot>[0-9]{6,12}):(?P<key>[A-Za-z0-9_-]{30,60})/(?P<chat>-?[0-9]{4,20})/?",
            _telegram,
        ),
        (
            "Zulip",
            rf"zulip://(?P<bot>[a-z0-9-]{{1,40}})@(?P<org>[a-z0-9.-]{{1,80}})/{_KEY}/(?P<stream>[A-Za-z0-9 ._-]{{1,60}})/?",
            _zulip,
        ),
    )
)
_IN_CLEAR = ("http://", "mmost://")


def _read(address: str) -> tuple[NotifyingService, Parts]:
    """The service of an address, and its parts. Raises `ValueError`."""
    for service in SERVICES:
        if found := service.pattern.fullmatch(address):
            return service, found.groupdict()
    raise ValueError("not a service that Jalon speaks to")


def channel_address_of(typed: str, *, private_hosts: Collection[str]) -> str:
    """The address of a channel as it is kept. Raises `ValueError` for one of no service that Jalon speaks to."""
    address = typed.strip()
    _service, parts = _read(address)
    if address.startswith(_IN_CLEAR) and parts["host"].partition(":")[0] not in private_hosts:
        raise ValueError("a message does not travel in clear beyond one's own network")
    return address


def notifying_service_of(address: str) -> str:
    """How people call the service of an address that `address_of` gave."""
    return _read(address)[0].title


def notify_channel(address: str, title: str, body: str, *, private_hosts: Collection[str]) -> None:
    """Sends at once. Raises `NotDelivered`."""
    try:
        service, parts = _read(address)
    except ValueError as error:
        raise UnknownAddress(str(error)) from error
    sent = service.request(parts, title, body)
    try:
        answer = outbound.ask_address(
            sent.address,
            sent.headers,
            method=sent.method,
            body=sent.body,
            private_hosts=private_hosts,
            seconds=_SECONDS,
            most=100_000,
        )
    except outbound.Unreachable as error:
        raise NotDelivered(error.code) from error
    if not 200 <= answer.status < 300:
        raise NotDelivered(f"HTTP {answer.status}")
