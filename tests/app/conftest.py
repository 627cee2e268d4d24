import pytest


@pytest.fixture
def scene(world):
    """A filled product whose dossier is before its authority: the world, the owner, the people, the dossier."""
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    return world, owner, people, world.before_authority(owner, product, people)
