"""A stand-in for ProConnect that can lie: its answers are those of its documentation, altered one at a time.

The shapes are those of the partner documentation (authorize, token, userinfo, discovery); the real library that ProConnect runs is
tried in tests/browser/test_proconnect.py.
"""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from app.identity.models import LinkedAccount
from app.identity.proconnect import ProConnect
from app.platform import clock

CLIENT, SECRET = "jalon-essai", "un-secret-de-trente-deux-caracteres"


@dataclass
class StandIn:
    """`person`: the claims it gives; `faults`: what it alters, by name."""

    issuer: str
    person: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "7396c91e-1",
            "email": "camille@exemple.test",
            "given_name": "Camille",
            "usual_name": "Martin",
            "siret": "13002526500013",
            "idp_id": "71144ab3-ee1a-4401-b7b3-79b44f7daeeb",
            "organization_label": "DINUM",
        }
    )
    acr: str = "eidas1"
    amr: tuple[str, ...] = ("pwd",)
    faults: set[str] = field(default_factory=set)
    key: ECKey = field(
        default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})
    )
    nonce: str = ""
    codes: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def proconnect(self, algorithm: str = "ES256") -> ProConnect:
        discovery = f"{self.issuer}/.well-known/openid-configuration"
        return ProConnect(discovery, CLIENT, SECRET, algorithm, frozenset({"127.0.0.1"}))  # type: ignore[arg-type]

    def discovery(self) -> dict[str, Any]:
        wrong = "/autre" if "discovery issuer" in self.faults else ""
        return {
            "issuer": self.issuer + wrong,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/session/end",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
        }

    def authorizes(self, address: str) -> dict[str, str]:
        """What the browser brings back from `address`, where Jalon sent it."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.nonce = asked["nonce"]
        code = f"code-{len(self.codes)}-{time.monotonic_ns()}"
        self.codes.add(code)
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def id_token(self) -> str:
        now = int(clock.now().timestamp())
        claims = {
            "iss": "https://ailleurs.test/api/v2" if "token issuer" in self.faults else self.issuer,
            "aud": "un-autre" if "audience" in self.faults else CLIENT,
            "sub": self.person["sub"],
            "nonce": "autre" if "nonce" in self.faults else self.nonce,
            "iat": now,
            "exp": now - 3600 if "expired" in self.faults else now + 60,
            "auth_time": now,
            "acr": self.acr,
            "amr": list(self.amr),
        }
        if "two audiences" in self.faults:
            claims["aud"] = [CLIENT, "un-autre"]
        if "no expiry" in self.faults:
            del claims["exp"]
        return self.signed(claims)

    def signed(self, claims: dict[str, Any]) -> str:
        header = {"alg": "ES256", "kid": self.key.kid}
        if "alg none" in self.faults:
            return jwt.encode({"alg": "none"}, claims, OctKey.import_key("x" * 32), algorithms=["none"])
        if "signed with the public key" in self.faults:
            return _signed_by_hand(self.key.as_pem(private=False), claims)
        if "signed by another" in self.faults:
            return jwt.encode(header, claims, ECKey.generate_key("P-256", {"kid": "one"}))
        return jwt.encode(header, claims, self.key)

    def answers(self, path: str, form: dict[str, str]) -> tuple[int, str, str]:
        """(status, content type, body) for a question of Jalon's server."""
        as_json = "application/json; charset=utf-8"
        if path.endswith("/openid-configuration"):
            return 200, as_json, json.dumps(self.discovery())
        if path.endswith("/jwks"):
            return 200, as_json, json.dumps({"keys": [self.key.as_dict(private=False)]})
        if path.endswith("/token"):
            if form.get("client_secret") != SECRET:
                return 401, as_json, json.dumps({"error": "invalid_client"})
            if form.get("code") not in self.codes:
                return (
                    400,
                    as_json,
                    json.dumps({"error": "invalid_grant", "error_description": "grant request is invalid"}),
                )
            self.codes.discard(form["code"])
            tokens = {"access_token": "acces", "token_type": "Bearer", "expires_in": 3600, "id_token": self.id_token()}
            return 200, as_json, json.dumps(tokens)
        who = self.person | ({"sub": "un-autre"} if "userinfo subject" in self.faults else {})
        if "signed userinfo" in self.faults:
            aud = "un-autre" if "userinfo audience" in self.faults else CLIENT
            return 200, "application/jwt", self.signed(who | {"iss": self.issuer, "aud": aud})
        return 200, as_json, json.dumps(who)


def _signed_by_hand(secret: bytes, claims: dict[str, Any]) -> str:
    """HS256 with a public key for secret, which the library refuses to write."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "kid": "one"}, claims)
    ]
    signature = hmac.digest(secret, b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """A stand-in that listens on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(sent).items()})

        def _answer(self, form: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            found.asked.append(path.rpartition("/")[2])
            if "slow" in found.faults:
                released.wait(30)
            status, kind, body = found.answers(path, form)
            self.send_response(503 if "down" in found.faults else status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    released = threading.Event()
    found = StandIn(f"http://127.0.0.1:{server.server_address[1]}/api/v2")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        released.set()
        server.shutdown()
        server.server_close()


def connect(world, found, algorithm="ES256"):
    known = found.proconnect(algorithm)
    world.app.extensions["proconnect"] = known
    world.app.config["SETTINGS"] = replace(world.app.config["SETTINGS"], proconnect=known.discovery)


def joined(world, person, provider, days=2):
    """An account joined that many days ago."""
    with world.database.writing() as session:
        account = LinkedAccount(
            issuer=provider.issuer,
            subject=provider.person["sub"],
            person_id=person.id,
            name=person.name,
            email=person.email,
            siret="",
            organization="",
            provider="",
            joined_at=clock.now() - timedelta(days=days),
            last_used_at=clock.now(),
        )
        session.add(account)
        return account


def begin(visitor, provider, page="/connexion/proconnect"):
    """What ProConnect will be brought back with."""
    return provider.authorizes(visitor.get(page).location)


def come_back(visitor, given):
    return visitor.get("/connexion/proconnect/retour", query_string=given)


def run_jobs(world):
    world.jobs.run_within(world.app.test_request_context)
    world.jobs.run_due()
