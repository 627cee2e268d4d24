from datetime import timedelta

import pytest

from app.homologation.kinds import Outcome
from app.platform import clock
from tests.snapshots import Snapshots
from tests.world import World


@pytest.fixture(scope="session")
def snapshots(tmp_path_factory) -> Snapshots:
    return Snapshots(tmp_path_factory.mktemp("snapshots"))


def _before_authority(world: World) -> None:
    owner = world.person()
    product = world.filled(owner)
    world.before_authority(owner, product, world.cast(product))


def _decided(world: World) -> None:
    _before_authority(world)
    authority = world.reviewer_and_authority()["authority"]
    world.decide(world.dossier(), authority, Outcome.WITH_RESERVATIONS, 12, "Second facteur")
    world.jobs.run_within(world.app.test_request_context)
    world.jobs.run_due()


def _scene(world: World):
    return world, world.person(), world.reviewer_and_authority(), world.dossier()


@pytest.fixture
def transmitted(world, snapshots):
    """A filled product whose dossier was just sent to its authority: the world, the owner, the people, the dossier."""
    snapshots.put(world, "transmitted", lambda: _before_authority(world))
    return _scene(world)


@pytest.fixture
def scene(transmitted):
    """The same once the PDF to sign is made."""
    world, _, _, dossier = transmitted
    world.print_asked(dossier.product_id, dossier.number)
    return _scene(world)


@pytest.fixture
def decided(world, snapshots):
    """The same, homologated with one reservation and sealed."""
    snapshots.put(world, "decided", lambda: _decided(world))
    return _scene(world)


@pytest.fixture
def late(world):
    """A product whose first homologation is late, with its people."""
    owner = world.person()
    product = world.product(owner, start=clock.today() - timedelta(days=800))
    return world, owner, world.cast(product)
