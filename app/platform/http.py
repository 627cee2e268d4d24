"""What surrounds every request: its id, its session, security headers, errors as pages, health."""

import re
import time
import unicodedata
from typing import cast
from urllib.parse import quote

import structlog
from flask import Blueprint, Flask, Response, current_app, g, render_template, request
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError

from app.platform.database import Database, new_id
from app.platform.logs import get_logger, note_security
from app.platform.rates import network_of
from app.platform.refusals import Refusal

health = Blueprint("health", __name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_ERROR_PAGES = (400, 403, 404, 405, 413, 429, 500, 503)
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def get_database() -> Database:
    return cast(Database, current_app.extensions["database"])


def db_session() -> Session:
    """This request's session, begun for writing when the request may change something."""
    if "db_session" not in g:
        g.db_session = get_database().session(writing=request.method not in _SAFE_METHODS)
    return cast(Session, g.db_session)


def file_response(content: bytes | str, content_type: str, name: str, *, inline: bool = False) -> Response:
    """A file that the browser keeps under `name`, whatever letters it has (RFC 6266)."""
    response = Response(content, content_type=content_type)
    response.headers.set("Content-Disposition", "inline" if inline else "attachment", **_file_name(name))
    return response


def _file_name(name: str) -> dict[str, str]:
    """`name` in plain letters for the oldest readers, and as it is for all others."""
    if name.isascii():
        return {"filename": name}
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}


def discard_changes() -> None:
    """Forgets what a refused use case changed; what was loaded stays readable for the page."""
    session = db_session()
    session.expunge_all()
    session.rollback()


def _log_fault(_: object) -> None:
    """In place of Flask's own line, which says the whole path: that of a link or a calendar holds a secret."""
    get_logger().exception("fault", method=request.method, endpoint=request.endpoint)


def init_app(app: Flask) -> None:
    app.log_exception = _log_fault  # type: ignore[assignment, method-assign]
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_close)
    for code in _ERROR_PAGES:
        app.register_error_handler(code, _error_page)
    app.register_error_handler(CSRFError, _csrf_page)
    app.register_error_handler(SecurityError, _unknown_name)
    app.register_error_handler(Refusal, _refusal_page)
    app.register_error_handler(IntegrityError, _collision_page)
    app.register_error_handler(StaleDataError, _overtaken_page)
    app.register_error_handler(DataError, _unstorable_page)
    app.register_blueprint(health)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else new_id()
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id, network=network_of(request.remote_addr or ""))


def _finish(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _CSP)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    headers["X-Request-ID"] = g.get("request_id", "")
    if request.is_secure or current_app.config["BASE_URL"].startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
        elapsed = round((time.perf_counter() - g.started) * 1000) if "started" in g else None
        # The path of a sign-in link holds a secret: only the endpoint is logged.
        get_logger().info(
            "request", method=request.method, endpoint=request.endpoint, status=response.status_code, ms=elapsed
        )
    return response


def _close(error: BaseException | None) -> None:
    session = g.pop("db_session", None)
    if session is not None:
        session.close()


def _start_over() -> None:
    """Forgets the failed session and reads again who is there: error pages show their menu."""
    _close(None)
    try:
        current_app.extensions["load_person"]()
    except SQLAlchemyError:
        get_logger().exception("error page without its person")
        g.person = g.unproven_person = None


def _error_page(error: Exception) -> tuple[str, int]:
    code = error.code if isinstance(error, HTTPException) and error.code else 500
    _start_over()
    return render_template("errors/error.html", code=code, request_id=g.get("request_id")), code


def _unknown_name(error: SecurityError) -> Response:
    """A request for another name than ours: no page, since no address of it would be right."""
    return Response("This service has another name: JALON_BASE_URL.\n", status=400, mimetype="text/plain")


_SECRET = frozenset({"token", "code", "answer", "recovery"})


def _csrf_page(error: CSRFError) -> tuple[str, int]:
    note_security("form without its token", endpoint=request.endpoint)
    page = render_template("errors/error.html", code=400, expired=True, typed=_typed(), request_id=g.get("request_id"))
    return page, 400


def _typed() -> list[str]:
    """The sentences of the form that was sent, whose page is gone."""
    return [v for n, v in request.form.items(multi=True) if n not in _SECRET and " " in v.strip()][:50]


def _refusal_page(error: Refusal) -> tuple[str, int]:
    """A rule refused an act that no form field could prevent: a step out of order, a second decision."""
    _start_over()
    return render_template("errors/refusal.html", message=str(error), back=request.referrer, typed=_typed()), 409


def _collision_page(error: IntegrityError) -> tuple[str, int]:
    """Two people, or one pressing twice, wrote the same thing at the same instant: the first one won."""
    get_logger().warning("collision", error=type(error.orig).__name__)
    return _refusal_page(Refusal(_l("Quelqu’un vient d’enregistrer la même chose. Rechargez la page.")))


def _overtaken_page(error: StaleDataError) -> tuple[str, int]:
    """Somebody changed or removed the same row between its reading and its writing."""
    get_logger().warning("overtaken", error=type(error).__name__)
    return _refusal_page(Refusal(_l("Quelqu’un vient de changer la même chose. Rechargez la page.")))


def _unstorable_page(error: DataError) -> tuple[str, int]:
    """A value that no form lets through reached the database, such as a NUL character in an address."""
    get_logger().warning("unstorable", error=type(error.orig).__name__)
    _start_over()
    return render_template("errors/error.html", code=400, request_id=g.get("request_id")), 400


@health.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


@health.get("/readyz")
def ready() -> Response:
    """The process can serve: its database answers."""
    try:
        db_session().execute(text("SELECT 1"))
    except SQLAlchemyError:
        get_logger().exception("not ready")
        return Response("database unreachable\n", status=503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")
