"""Asking addresses that people typed: never a private machine, never for long, never much, never elsewhere.

The name is resolved once and the connection goes to that very address, so that a name cannot change its mind between
the check and the call. Source: OWASP, Server-Side Request Forgery Prevention Cheat Sheet.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import IO
from urllib.parse import urljoin, urlsplit

from risk_models.rules.limits import FILE_BYTES

_SILENCE_SECONDS, _WHOLE_SECONDS = 15, 60
_CHUNK = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3


class Unreachable(OSError):
    """Nothing usable came back. `code`: refused_address, redirected, timeout, too_large, network."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered, whatever its status; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask_address(
    address: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    body: bytes | None = None,
    private_hosts: Collection[str] = (),
    redirects_to: Collection[str] = (),
    most: int = FILE_BYTES,
    seconds: float = _WHOLE_SECONDS,
    into: IO[bytes] | None = None,
) -> Answer:
    """Asks `address`; `private_hosts` are the only machines of one's own network that may be asked.

    A redirect is followed to the origins of `redirects_to` alone (such as https://codeload.github.com), three times at most,
    and refused elsewhere. What comes back is in the answer, or written to `into`. Raises `Unreachable`.
    """
    for _ in range(_MOST_REDIRECTS + 1):
        answer = _ask(address, headers, method, body, private_hosts, most, seconds, into)
        if answer.status not in _REDIRECTS:
            return answer
        try:
            address = urljoin(address, answer.headers.get("location", ""))
            parts = urlsplit(address)
        except ValueError:
            break
        if f"{parts.scheme}://{parts.netloc}" not in redirects_to:
            break
    raise Unreachable("redirected")


def _ask(
    address: str,
    headers: Mapping[str, str] | None,
    method: str,
    sent: bytes | None,
    private_hosts: Collection[str],
    most: int,
    seconds: float,
    into: IO[bytes] | None,
) -> Answer:
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
    except ValueError:
        raise Unreachable("refused_address") from None
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.password:
        raise Unreachable("refused_address")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Unreachable("refused_address") from None
    if parts.scheme == "http" and host not in private_hosts:
        raise Unreachable("refused_address")  # a token must not travel in clear
    at = _address_of(host, port, private=host in private_hosts)
    connection = _Pinned(host, port, at, parts.scheme == "https", min(seconds, _SILENCE_SECONDS))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    watchdog = threading.Timer(seconds, connection.cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        usual = {"User-Agent": "Jalon", "Accept": "application/json"}
        connection.request(method, path, body=sent, headers=usual | dict(headers or {}))
        response = connection.getresponse()
        body = b"" if response.status in _REDIRECTS else _body(response, most, into)
        if connection.was_cut:  # which reads as the end of an answer that does not tell its length
            raise Unreachable("timeout")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
    except TimeoutError as error:
        raise Unreachable("timeout") from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        if isinstance(error, Unreachable) and error.code != "network":
            raise
        raise Unreachable("timeout" if connection.was_cut else "network") from error
    finally:
        watchdog.cancel()
        connection.close()


def _body(response: http.client.HTTPResponse, most: int, into: IO[bytes] | None) -> bytes:
    """What was answered, or nothing where it was written to `into`."""
    found, count = BytesIO() if into is None else into, 0
    while chunk := response.read1(_CHUNK):
        count += found.write(chunk)
        if count > most:
            raise Unreachable("too_large")
    if response.length:
        raise Unreachable("network")  # cut before its end
    return found.getvalue() if isinstance(found, BytesIO) and into is None else b""


def _address_of(host: str, port: int, *, private: bool) -> str:
    """The first address of `host`. Raises `Unreachable` where any of them is on a private network."""
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise Unreachable("network") from error
    if not private and any(not is_public(address) for address in found):
        raise Unreachable("refused_address")
    return found[0]


# Global by the library's list, and yet of no public machine: relays, documentation, well-known private uses.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(n)
    for n in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20", "64:ff9b:1::/48")
)
_IPV6_PUBLIC = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is of a machine that anybody may ask."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        elif ip not in _IPV6_PUBLIC:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in n for n in _NOT_PUBLIC if n.version == ip.version)


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whose certificate must be that of the name."""

    def __init__(self, host: str, port: int, address: str, encrypted: bool, silence: float) -> None:  # noqa: FBT001 - private
        super().__init__(host, port, timeout=silence)
        self._silence = silence
        self._at = address
        self._encrypted = encrypted
        self._line: socket.socket | None = None
        self.was_cut = False

    def cut(self) -> None:
        """Ends whatever is under way: an answer that drips would otherwise be waited for without end."""
        self.was_cut = True
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def connect(self) -> None:
        connected = self._line = socket.create_connection((self._at, self.port), self._silence)
        self.sock = (
            ssl.create_default_context().wrap_socket(connected, server_hostname=self.host)
            if self._encrypted
            else connected
        )
