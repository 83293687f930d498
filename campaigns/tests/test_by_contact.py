"""A list of pixels is found by way of the contacts, and is what the plain query gives."""

import random

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Contact, Pixel
from campaigns.models import by_contact as module
from campaigns.models.by_contact import ByContactQuerySet
from campaigns.tests.house import House
from campaigns.tests.test_narrowing import add_contacts, groups_of

pytestmark = pytest.mark.django_db
ORDER = ByContactQuerySet.ORDER


@pytest.fixture(autouse=True, params=[0, 4, 1000], ids=["one by one", "mixed", "by ranges"])
def few_at_once(request, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 7)
    monkeypatch.setattr(module, "DENSE", request.param)


@pytest.fixture
def groups():
    """Of which contacts have no pixel, one, or several."""
    before, own, behind = groups_of(2), groups_of(3), groups_of(2)
    add_contacts([*before, *own, *behind], 120)
    dice = random.Random(1)
    for contact in Contact.objects.all():
        contact.add_pixels(dice.choice([0, 0, 1, 2, 5]))
    return own


def plain(rows) -> list[Pixel]:
    return list(rows.order_by(*ORDER))


def joins(captured) -> list[str]:
    return [q["sql"] for q in captured if "JOIN" in q["sql"] and "campaigns_pixel" in q["sql"]]


def test_each_part_of_the_list_is_the_plain_query_s(groups):
    own = {group.pk for group in groups}
    expected = plain(Pixel.objects.filter(contact__group__in=own))
    assert len(expected) > 40
    for start, stop in [(0, 1), (0, 10), (7, 20), (25, 1000), (1000, 1001), (0, 0)]:
        listed = Pixel.objects.in_groups(own).order_by(*ORDER)
        assert listed.between(start, stop) == expected[start:stop], (start, stop)
    for most in (1, 20, 10_000):
        assert Pixel.objects.in_groups(own).order_by(*ORDER).count_up_to(most) == min(
            most, len(expected)
        )


def test_what_is_being_removed_is_in_nobody_s_list(groups):
    groups[0].remove()
    left = plain(Pixel.objects.exclude(contact__group=groups[0]))
    assert len(left) < Pixel.objects.count()
    listed = Pixel.objects.in_sight().order_by(*ORDER)
    assert listed.between(0, 1000) == left
    narrowed = Pixel.objects.in_sight().in_groups([groups[0].pk, groups[1].pk]).order_by(*ORDER)
    assert narrowed.between(0, 1000) == plain(Pixel.objects.filter(contact__group=groups[1]))


@pytest.mark.parametrize("scoped_first", [True, False])
def test_another_condition_makes_it_the_plain_query(groups, scoped_first):
    own = {group.pk for group in groups}
    rows = Pixel.objects.all()
    rows = rows.in_groups(own).filter(number=1) if scoped_first else rows.filter(number=1)
    listed = rows.in_groups(own).order_by(*ORDER)
    expected = plain(Pixel.objects.filter(contact__group__in=own, number=1))
    assert listed.between(3, 9) == expected[3:9]
    assert listed.count_up_to(1000) == len(expected)
    assert not listed._goes_by_contacts


def test_another_order_makes_it_the_plain_query(groups):
    listed = Pixel.objects.in_sight().order_by("number", "pk")
    assert listed.between(2, 5) == list(Pixel.objects.order_by("number", "pk")[2:5])


@pytest.mark.parametrize("query", ["", "?p=2", "?o=2.1"])
@pytest.mark.parametrize("is_superuser", [True, False])
def test_the_page_joins_no_more_than_it_shows(client, query, is_superuser):
    house = House()
    user = house.user
    user.is_staff, user.is_superuser = True, is_superuser
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename="view_pixel"))
    contacts = [house.contact, *(house.add_contact() for _ in range(70))]
    groups_of(2)[0].remove()
    client.force_login(user)
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/admin/campaigns/pixel/" + query)
    assert page.status_code == 200
    expected = plain(Pixel.objects.filter(contact__in=contacts))
    expected = expected[100:] if "p=2" in query else expected[:100]
    assert list(page.context["cl"].result_list) == expected
    [shown] = joins(captured)
    assert "`id` IN (" in shown or '"id" IN (' in shown
