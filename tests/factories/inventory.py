"""Components as pages add them."""

import json

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from app.inventory import services as inventory


def component(world, product, ref):
    with world.session(writing=False) as session:
        return inventory.component_of(session, product.id, ref)


def valid_bom(content: bytes):
    errors = JsonStrictValidator(SchemaVersion.V1_6).validate_str(content.decode())
    assert errors is None, errors
    return json.loads(content)
