import pytest

from accounts.models import Team, User
from accounts.tests.people import make_user


@pytest.fixture
def manager(db) -> User:
    return make_user()


@pytest.fixture
def team(manager) -> Team:
    """A team beside the manager's own."""
    return Team.objects.start(name="Night shift", manager=manager)
