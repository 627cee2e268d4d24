"""Flask extensions bound to the application by the factory, and the stores that views ask for."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, current_app, request
from flask_wtf.csrf import CSRFProtect

from app.platform import rates
from app.platform.http import db_session
from app.platform.logs import note_security
from app.platform.rates import Rate
from app.platform.storage import Storage
from app.platform.transactions import unjournaled_transaction

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()
_count_post = unjournaled_transaction(rates.is_allowed)


def limit_posts(most: int) -> Callable[[View], View]:
    """Answers 429 to a network that posts to a view more than `most` times a minute."""
    rate = Rate(most, timedelta(minutes=1))

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(*args: Any, **kwargs: Any) -> Any:
            if request.method == "POST":
                network = rates.network_of(request.remote_addr or "")
                if not _count_post(db_session(), rate, request.endpoint or "", network):
                    note_security("too many posts", endpoint=request.endpoint)
                    abort(429)
            return view(*args, **kwargs)

        return cast(View, limited)

    return decorate


def document_storage() -> Storage:
    """Where this application keeps its documents."""
    return cast(Storage, current_app.extensions["storage"])
