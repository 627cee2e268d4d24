"""The door of every view about one incubator: loads it, checks the permission, or answers 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import abort, g

from app.identity import policy
from app.identity.access import View, refuse, requires
from app.identity.policy import Permission
from app.platform.http import db_session
from app.portfolio import services


def incubator_view(permission: Permission) -> Callable[[View], View]:
    """Turns the `slug` of the address into the incubator it names, for who has `permission` on it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(slug: str, **kwargs: Any) -> Any:
            found = services.find_incubator(db_session(), slug)
            if found is None:
                abort(404)
            if not policy.allows(
                permission, policy.roles_on(g.person.grants, product_id=None, incubator_ids={found.id})
            ):
                refuse(permission)
            return view(found, **kwargs)

        return requires(permission)(cast(View, guarded))

    return decorate
