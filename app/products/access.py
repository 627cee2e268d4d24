"""The door of every view about one product: loads it, checks the permission, or answers 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import abort, current_app, g

from app.identity import policy
from app.identity.access import View, refuse, sign_in_first, states
from app.identity.kinds import Role
from app.identity.policy import Permission
from app.platform.http import db_session
from app.products import services
from app.products.models import Incubator, Product

# What a view is given or asks for, so that no view of another feature reads the tables.
__all__ = ["Incubator", "Product", "may", "may_open", "product_roles", "product_view"]


def product_roles(product: Product) -> frozenset[Role]:
    """The roles of the signed-in person on `product`."""
    incubators = {incubator.id for incubator in product.incubators}
    return policy.roles_on(g.person.grants, product_id=product.id, incubator_ids=incubators)


def may(permission: Permission) -> bool:
    """Whether the signed-in person has `permission` on the product of this view."""
    return policy.allows(permission, g.roles)


def may_open(endpoint: str) -> bool:
    """Whether the signed-in person may open this view of the product of the page."""
    return may(current_app.view_functions[endpoint].permission)  # type: ignore[union-attr]


def product_view(permission: Permission) -> Callable[[View], View]:
    """Turns the `slug` of the address into the product it names, for who has `permission` on it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(slug: str, **kwargs: Any) -> Any:
            if g.person is None:
                return sign_in_first()
            product = services.load_product(db_session(), slug)
            if product is None:
                abort(404)
            g.roles = product_roles(product)
            if not policy.allows(permission, g.roles):
                refuse(permission)
            g.product = product
            return view(product, **kwargs)

        return states(permission)(cast(View, guarded))

    return decorate
