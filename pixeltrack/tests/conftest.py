import pytest
from django.db import transaction

from pixeltrack.tests.launched import Launch
from pixeltrack.tests.world import World


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, redis_server):
    """One for all tests of a module. What a test does to it is undone: mark it with django_db."""
    redis_server.flushall()
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def launch(tmp_path):
    """Starts PixelTrack, with stand-ins; whatever a failed test leaves is ended."""
    launches = []

    def start(folder=tmp_path, **keywords) -> Launch:
        launches.append(Launch(folder, **keywords))
        return launches[-1]

    yield start
    for one in launches:
        one.clear_away()
