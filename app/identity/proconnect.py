"""The dialogue with ProConnect (OpenID Connect): where to send a browser, and who came back.

Source: ProConnect's partner documentation and OpenID Connect Core 1.0; RFC 7636 (PKCE), RFC 9207 (issuer in the answer).
Nothing here knows the database: what is read is given to `linked_accounts`.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from app.platform import clock
from app.platform.outbound import Answer, Unreachable, ask_address
from app.platform.settings import Settings

_DISCOVERY = "/.well-known/openid-configuration"
Algorithm = Literal["ES256", "RS256", "HS256"]
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "RS256", "HS256")
# What ProConnect accepts beside these makes it refuse the whole (Y000400): no max_age, no ui_locales, no id_token_hint.
_SCOPES = "openid given_name usual_name email siret idp_id organization_label"
_STRONG_LEVELS = ("eidas2", "eidas3")
# eidas1-mfa may be a code sent by mail: it shows no more than the mailbox does.
_STRONG_WAYS = frozenset({"hwk", "swk", "pop"})
_PAGE_SECONDS = 5
_KEPT_SECONDS = 3600
_LEEWAY_SECONDS = 30
_MOST_BYTES = 100_000


class ProConnectError(Exception):
    """ProConnect gave nobody. `code`: unreachable, altered, denied, too_weak, ended, refused; `detail` for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a browser keeps while its person is at ProConnect; it serves once."""

    state: str
    nonce: str
    verifier: str
    next_path: str
    strong: bool  # a strong second factor was asked for
    joins: str  # id of the person who asked to join an account to theirs, or nothing
    made_at: int


@dataclass(frozen=True, slots=True)
class ProConnectClaims:
    """Who ProConnect says came, how, and the raw token by which it is told of a sign-out."""

    issuer: str
    subject: str
    email: str
    given_name: str
    usual_name: str
    siret: str
    organization: str
    provider: str
    level: str
    strong: bool
    id_token: str


@dataclass(frozen=True, slots=True)
class _Directory:
    """What the discovery document says, and until when it is believed."""

    issuer: str
    authorize: str
    token: str
    userinfo: str
    end_session: str
    keys: str
    says_issuer: bool
    until: float


@dataclass(slots=True)
class ProConnect:
    """One registration at ProConnect. `private_hosts`: machines of one's own network that may be asked."""

    discovery: str
    client_id: str
    client_secret: str
    algorithm: Algorithm
    private_hosts: Collection[str] = ()
    _directory: _Directory | None = None
    _keys: KeySet | None = field(default=None, repr=False)

    def begin(
        self, back_to: str, *, next_path: str = "/", strong: bool = False, joins: str = ""
    ) -> tuple[str, Attempt]:
        """(where to send the browser, what it keeps meanwhile). Raises `ProConnectError`."""
        directory = self._read_directory(_Deadline())
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        attempt = Attempt(state, nonce, verifier, next_path, strong, joins, int(clock.now().timestamp()))
        level: dict[str, object] | None = {"essential": True, "values": list(_STRONG_LEVELS)} if strong else None
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": back_to,
            "scope": _SCOPES,
            "state": state,
            "nonce": nonce,
            "code_challenge": _base64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
            "claims": json.dumps({"id_token": {"amr": None, "acr": level}}, separators=(",", ":")),
        }
        return f"{directory.authorize}?{urlencode(asked)}", attempt

    def finish(self, attempt: Attempt, given: Mapping[str, str], back_to: str) -> ProConnectClaims:
        """Who came back with `given`, the parameters of the callback. Raises `ProConnectError`."""
        if not secrets.compare_digest(given.get("state", ""), attempt.state):
            raise ProConnectError("altered", "state")
        deadline = _Deadline()
        directory = self._read_directory(deadline)
        if given.get("iss", "" if directory.says_issuer else directory.issuer) != directory.issuer:
            raise ProConnectError("altered", "issuer of the answer")
        if "error" in given:
            raise _refusal_of(given)
        tokens = self._exchange(directory, given.get("code", ""), attempt.verifier, back_to, deadline)
        raw = _text(tokens, "id_token")
        claims = self._read_token(directory, raw, deadline)
        if claims.get("nonce") != attempt.nonce:
            raise ProConnectError("altered", "nonce")
        level, strong = _text(claims, "acr"), is_strong(_text(claims, "acr"), _texts(claims, "amr"))
        if attempt.strong and not strong:
            raise ProConnectError("too_weak", level)
        known = self._ask_userinfo(directory, _text(tokens, "access_token"), deadline)
        subject = _text(claims, "sub")
        if not subject or known.get("sub") != subject:
            raise ProConnectError("altered", "subject")
        return ProConnectClaims(
            issuer=directory.issuer,
            subject=subject[:255],
            email=_text(known, "email").strip().lower()[:254],
            given_name=_text(known, "given_name")[:200],
            usual_name=_text(known, "usual_name")[:200],
            siret=_text(known, "siret")[:14],
            organization=_text(known, "organization_label")[:200],
            provider=_text(known, "idp_id")[:100],
            level=level[:100],
            strong=strong,
            id_token=raw,
        )

    def sign_out_address(self, id_token: str, back_to: str) -> str:
        """Where a browser ends its session at ProConnect; it comes back to `back_to`. Raises `ProConnectError`."""
        directory = self._read_directory(_Deadline())
        asked = {"id_token_hint": id_token, "post_logout_redirect_uri": back_to, "state": secrets.token_urlsafe(32)}
        return f"{directory.end_session}?{urlencode(asked)}"

    def _read_directory(self, deadline: "_Deadline") -> _Directory:
        kept = self._directory
        if kept and kept.until > time.monotonic():
            return kept
        said = _json(self._ask(self.discovery, deadline))
        issuer = _text(said, "issuer")
        if issuer != self.discovery.removesuffix(_DISCOVERY):
            raise ProConnectError("altered", "issuer of the discovery document")
        self._directory = _Directory(
            issuer,
            _text(said, "authorization_endpoint"),
            _text(said, "token_endpoint"),
            _text(said, "userinfo_endpoint"),
            _text(said, "end_session_endpoint"),
            _text(said, "jwks_uri"),
            said.get("authorization_response_iss_parameter_supported") is True,
            time.monotonic() + _KEPT_SECONDS,
        )
        return self._directory

    def _exchange(
        self, directory: _Directory, code: str, verifier: str, back_to: str, deadline: "_Deadline"
    ) -> Mapping[str, object]:
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back_to,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "code_verifier": verifier,
        }
        answer = self._ask(
            directory.token,
            deadline,
            {"Content-Type": "application/x-www-form-urlencoded"},
            urlencode(sent).encode(),
            good=(200, 400, 401),
        )
        said = _json(answer)
        if answer.status != 200:
            error = _text(said, "error")
            raise ProConnectError("ended" if error == "invalid_grant" else "refused", error)
        return said

    def _ask_userinfo(self, directory: _Directory, token: str, deadline: "_Deadline") -> Mapping[str, object]:
        """Signed or plain, by what the answer says it is."""
        answer = self._ask(directory.userinfo, deadline, {"Authorization": f"Bearer {token}", "Accept": "*/*"})
        if answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/jwt":
            claims = self._read_signed(directory, answer.body.decode("ascii", "replace").strip(), deadline)
            if claims.get("iss") != directory.issuer or not self._is_for_us(claims):
                raise ProConnectError("altered", "issuer or audience of userinfo")
            return claims
        return _json(answer)

    def _read_token(self, directory: _Directory, raw: str, deadline: "_Deadline") -> Mapping[str, object]:
        claims = self._read_signed(directory, raw, deadline)
        try:
            jwt.JWTClaimsRegistry(
                now=int(clock.now().timestamp()),
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": directory.issuer},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
            ).validate(dict(claims))
        except JoseError as error:
            raise ProConnectError("altered", f"{type(error).__name__} {error}") from error
        if not self._is_for_us(claims):
            raise ProConnectError("altered", "audience")
        return claims

    def _is_for_us(self, claims: Mapping[str, object]) -> bool:
        """One audience, ours: what is meant for others too is refused rather than understood."""
        return claims.get("aud") in (self.client_id, [self.client_id])

    def _read_signed(self, directory: _Directory, raw: str, deadline: "_Deadline") -> Mapping[str, object]:
        """The claims of a token signed by ProConnect's key, by the registered algorithm and no other."""
        key: OctKey | KeySet
        if self.algorithm == "HS256":
            key = OctKey.import_key(self.client_secret)
            return _verified(raw, key, self.algorithm)
        if self._keys is None:
            self._keys = self._ask_keys(directory, deadline)
        try:
            return _verified(raw, self._keys, self.algorithm)
        except ProConnectError:
            # A key that was changed since we read them; asked for once, within what the page has left.
            self._keys = self._ask_keys(directory, deadline)
            return _verified(raw, self._keys, self.algorithm)

    def _ask_keys(self, directory: _Directory, deadline: "_Deadline") -> KeySet:
        said = _json(self._ask(directory.keys, deadline))
        listed = said.get("keys")
        try:
            usable = [one for one in listed if one.get("kty") in {"EC", "RSA"}] if isinstance(listed, list) else []
            return KeySet.import_key_set({"keys": usable})
        except (JoseError, ValueError, AttributeError, TypeError) as error:
            raise ProConnectError("altered", "keys") from error

    def _ask(
        self,
        address: str,
        deadline: "_Deadline",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        good: Sequence[int] = (200,),
    ) -> Answer:
        try:
            answer = ask_address(
                address,
                headers,
                method="GET" if body is None else "POST",
                body=body,
                private_hosts=self.private_hosts,
                most=_MOST_BYTES,
                seconds=deadline.left(),
            )
        except Unreachable as error:
            raise ProConnectError("unreachable", error.code) from error
        if answer.status not in good:
            raise ProConnectError("unreachable" if answer.status >= 500 else "refused", str(answer.status))
        return answer


class _Deadline:
    """What a page may still wait, all its questions together."""

    def __init__(self) -> None:
        self._end = time.monotonic() + _PAGE_SECONDS

    def left(self) -> float:
        return max(self._end - time.monotonic(), 0.01)


def open_proconnect(settings: Settings) -> ProConnect | None:
    """The registration that settings name; None where people come in by mail links alone."""
    if not settings.proconnect:
        return None
    algorithm = next(known for known in ALGORITHMS if known == settings.proconnect_algorithm)
    return ProConnect(
        settings.proconnect,
        settings.proconnect_client,
        settings.proconnect_secret,
        algorithm,
        settings.private_hosts,
    )


def is_strong(level: str, ways: Collection[str]) -> bool:
    """Whether a person showed more than a password and a mailbox (ProConnect's acr, and amr of the identity provider)."""
    held = frozenset(ways)
    return level in _STRONG_LEVELS or bool(held & _STRONG_WAYS) or {"otp", "mfa"} <= held


def _verified(raw: str, key: OctKey | KeySet, algorithm: Algorithm) -> Mapping[str, object]:
    try:
        claims: Mapping[str, object] = jwt.decode(raw, key, algorithms=[algorithm]).claims
        return claims
    except (JoseError, ValueError) as error:
        raise ProConnectError("altered", f"{type(error).__name__} {error}") from error


def _refusal_of(given: Mapping[str, str]) -> ProConnectError:
    error, said = given["error"], given.get("error_description", "")
    if error == "access_denied":
        return ProConnectError("too_weak" if "ACR" in said else "denied", said)
    return ProConnectError("refused", f"{error} {said}")


def _json(answer: Answer) -> Mapping[str, object]:
    try:
        said: object = json.loads(answer.body)
    except ValueError as error:
        raise ProConnectError("altered", "not JSON") from error
    if not isinstance(said, dict):
        raise ProConnectError("altered", "not an object")
    return said


def _text(said: Mapping[str, object], name: str) -> str:
    found = said.get(name)
    return found if isinstance(found, str) else ""


def _texts(said: Mapping[str, object], name: str) -> list[str]:
    found = said.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
