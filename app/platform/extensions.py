"""Flask extensions bound to the application by the factory, and the stores that views ask for."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, current_app, request
from flask_wtf.csrf import CSRFProtect
from limits import parse
from limits.strategies import MovingWindowRateLimiter

from app.platform.storage import Storage

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()


def limit_posts(rate: str) -> Callable[[View], View]:
    """Answers 429 to an address that posts to a view more often than `rate`, such as "20/minute"."""
    item = parse(rate)

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(*args: Any, **kwargs: Any) -> Any:
            limiter: MovingWindowRateLimiter = current_app.extensions["rate_limiter"]
            if request.method == "POST" and not limiter.hit(item, request.endpoint or "", request.remote_addr or ""):
                abort(429)
            return view(*args, **kwargs)

        return cast(View, limited)

    return decorate


def document_storage() -> Storage:
    """Where this application keeps its documents."""
    return cast(Storage, current_app.extensions["storage"])
