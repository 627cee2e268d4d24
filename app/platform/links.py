"""Addresses of this service as it calls itself, whatever name a request gave it: for mails, calendars and documents."""

from typing import Any

from flask import current_app


def link_to(endpoint: str, **values: Any) -> str:
    """The whole address of a page, in a request or out of any. Raises `werkzeug.routing.BuildError` for no page of ours."""
    path = current_app.url_map.bind("").build(endpoint, values)
    return f"{current_app.config['BASE_URL']}{path}"
