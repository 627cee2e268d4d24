import pytest


@pytest.fixture
def team(world):
    owner = world.person()
    world.filled(owner)
    return world.visitor(owner)
