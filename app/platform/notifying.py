"""A message to somebody's Mattermost, Tchap, Slack…: Apprise speaks to them, in a bounded process that meets no private
machine, wherever an address typed by a person, or its redirects, lead."""

import json
import re
import tempfile
from collections.abc import Collection
from urllib.parse import parse_qsl, urlsplit

from app.platform.logs import get_logger
from reports.bounded import Bounds, TookTooLong, run_python

_BOUNDS = Bounds(seconds=40, processor_seconds=20, memory=1_000_000_000, file=1_000_000)
_CHILD = "from app.platform.notify_child import main; main()"
# Of Apprise's hundred, those that speak HTTPS and read nothing on this machine.
SERVICES = {
    "mmosts": "Mattermost",
    "matrixs": "Tchap, Matrix",
    "slack": "Slack",
    "rockets": "Rocket.Chat",
    "workflows": "Microsoft Teams",
    "discord": "Discord",
    "zulip": "Zulip",
    "ntfys": "ntfy",
    "gotifys": "Gotify",
    "tgram": "Telegram",
}
# Apprise's other options read templates and files, ask elsewhere or weaken the connection.
_OPTIONS = {"channel", "channels", "to", "format", "mode", "msgtype", "version", "stream", "topic"}
_IN_CLEAR = {"mmost": "Mattermost"}
_WEBHOOK = re.compile(r"(https?)://([^/?#@\s]+)(/[^?#\s]*)?/hooks/([a-z0-9]{20,40})/?")


class NotDelivered(OSError):
    """The service did not take the message."""


def address_of(typed: str, *, private_hosts: Collection[str]) -> str:
    """The address that Apprise knows, from it or from a Mattermost incoming webhook's. Raises `ValueError`."""
    typed = typed.strip()
    webhook = _WEBHOOK.fullmatch(typed)
    if webhook:
        scheme, host, path, token = webhook.groups(default="")
        typed = f"{'mmosts' if scheme == 'https' else 'mmost'}://{host}{path}/{token}"
    parts = urlsplit(typed)
    if not {name.lower() for name, _value in parse_qsl(parts.query, keep_blank_values=True)} <= _OPTIONS:
        raise ValueError("an option that Jalon does not pass on")
    private = (parts.hostname or "") in private_hosts
    if parts.scheme not in (SERVICES | _IN_CLEAR if private else SERVICES):
        raise ValueError("not a service that Jalon speaks to")
    return typed


def service_of(address: str) -> str:
    """How people call the service of an address that `address_of` gave."""
    return (SERVICES | _IN_CLEAR)[urlsplit(address).scheme]


def notify(address: str, title: str, body: str, *, private_hosts: Collection[str]) -> None:
    """Sends at once. Raises `NotDelivered`."""
    given = {"address": address, "title": title, "body": body, "private_hosts": sorted(private_hosts)}
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = run_python(["-c", _CHILD], folder, _BOUNDS, environment={}, given=json.dumps(given).encode())
        except TookTooLong as error:
            raise NotDelivered(str(error)) from error
    if done.returncode:
        get_logger().warning("not delivered", why=done.stderr.decode(errors="replace").strip()[-500:])
        raise NotDelivered("the service did not take it")
