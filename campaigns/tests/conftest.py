import pytest

from campaigns.tests.house import House


@pytest.fixture
def house(db) -> House:
    return House()
