"""A member's list of opened mails is found by way of the contacts, whatever others have."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.tests.house import House
from tracking.models import ContactOpenings
from tracking.tests.opened import open_pixel

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


@pytest.fixture
def house():
    """Two groups of which some contacts have opened, and newer ones of somebody else."""
    own, other = House(), House()
    unopened = own.campaign.groups.create(name="C")
    for house in (own, other):
        for number in range(12):
            contact = house.add_contact([house.group, house.other_group][number % 2])
            if number % 3:
                open_pixel(contact.pixels.first(), NOW)
    own.add_contact(unopened)
    return own


def listed(user):
    return ContactOpenings.objects.of(user).order_by("-pk")


def test_each_part_of_the_list_is_the_plain_query_s(house):
    rows = ContactOpenings.objects.filter(contact__group__campaign=house.campaign)
    expected = list(rows.order_by("-pk"))
    assert len(expected) == 8
    for start, stop in [(0, 1), (0, 100), (3, 6), (7, 9), (8, 9), (0, 0)]:
        assert listed(house.user).between(start, stop) == expected[start:stop], (start, stop)
    for most in (1, 5, 100):
        assert listed(house.user).count_up_to(most) == min(most, len(expected))


def test_a_search_narrows_the_same_list_down(house):
    first, *_ = listed(house.user)
    rows = listed(house.user).filter(contact__in=[first.contact_id])
    assert rows.between(0, 10) == [first]
    assert rows.count_up_to(10) == 1


def test_groups_that_nobody_has_opened_are_not_walked(house):
    unopened = house.campaign.groups.get(name="C")
    with CaptureQueriesContext(connection) as captured:
        assert listed(house.user).between(0, 3)
    [walk] = [each["sql"] for each in captured if "UNION ALL" in each["sql"]]
    assert walk.count("UNION ALL") == 1
    assert f"= {unopened.pk})" not in walk
