"""Mail to a real server with TLS: with its certificate, with another's, and to one that offers none."""

import smtplib
import socket
import ssl
from dataclasses import dataclass, field

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from app.platform.mail import Mail, Mailer
from tests.certificates import issue
from tests.conftest import free_port

HOST = "courriel.exemple.test"
SECRET_LINK = Mail("a@exemple.test", "Votre lien", "https://exemple.test/connexion/secret\n", "<p></p>", "x@jalon")


@dataclass
class Sink:
    """What a server was given, and how."""

    messages: list[bytes] = field(default_factory=list)
    passwords: list[bytes] = field(default_factory=list)
    in_clear: bool = False

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.in_clear |= session.ssl is None
        self.messages.append(envelope.original_content)
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, data):
        self.in_clear |= session.ssl is None
        self.passwords.append(data.password)
        return AuthResult(success=True)


@pytest.fixture
def there(monkeypatch):
    """A name of a machine elsewhere, whose server is on this one."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: resolve("127.0.0.1" if host == HOST else host, *a, **k)
    )


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """An authority that this machine trusts, and what it issues, as a context of a server."""
    root = issue("Autorité", ca=True)
    (tmp_path / "root.pem").write_bytes(root.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))

    def context(name: str, by=root) -> ssl.SSLContext:
        leaf = issue(name, by, server=True)
        (tmp_path / "leaf.pem").write_bytes(leaf.pem)
        (tmp_path / "leaf.key").write_bytes(leaf.key_pem)
        found = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        found.load_cert_chain(tmp_path / "leaf.pem", tmp_path / "leaf.key")
        return found

    return context


@pytest.fixture
def serve():
    started = []

    def start(**options) -> tuple[Sink, int]:
        sink, port = Sink(), free_port()
        controller = Controller(
            sink, hostname="127.0.0.1", port=port, authenticator=sink.authenticate, auth_require_tls=False, **options
        )
        controller.start()
        started.append(controller)
        return sink, port

    yield start
    for controller in started:
        controller.stop(no_assert=True)


def send(url: str) -> None:
    Mailer(url, "Jalon <jalon@exemple.test>").send(SECRET_LINK)


def test_a_server_that_offers_tls_is_spoken_to_by_tls(there, authority, serve):
    sink, port = serve(tls_context=authority(HOST))
    send(f"smtp://jalon:motdepasse@{HOST}:{port}")
    assert len(sink.messages) == 1 and sink.passwords == [b"motdepasse"] and not sink.in_clear


@pytest.mark.parametrize("whose", ["another name", "an unknown authority"])
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_with_a_wrong_certificate_is_told_nothing(there, authority, serve, whose, scheme):
    context = (
        authority("ailleurs.exemple.test") if whose == "another name" else authority(HOST, issue("Autre", ca=True))
    )
    if scheme == "smtps":
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            with pytest.raises(OSError, match=r"(?i)certificate"):
                _against(listening, context, lambda: send(f"smtps://jalon:motdepasse@{HOST}:{port}"))
        return
    sink, port = serve(tls_context=context)
    with pytest.raises(ssl.SSLCertVerificationError):
        send(f"smtp://jalon:motdepasse@{HOST}:{port}")
    assert sink.messages == sink.passwords == []


def _against(listening: socket.socket, context: ssl.SSLContext, act) -> None:
    """Runs `act` while a server answers its first connection by TLS."""
    import threading
    from contextlib import suppress

    def answer() -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    act()


def test_a_server_without_tls_is_told_nothing(there, serve):
    sink, port = serve()
    with pytest.raises(smtplib.SMTPNotSupportedError, match="offers no TLS"):
        send(f"smtp://jalon:motdepasse@{HOST}:{port}")
    assert sink.messages == sink.passwords == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_on_this_very_machine_mail_may_go_as_it_is(serve, host):
    sink, port = serve()
    send(f"smtp://{host}:{port}")
    assert len(sink.messages) == 1
