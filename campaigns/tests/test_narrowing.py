"""A list of some groups' rows is merged from what each holds, and is what the plain query gives."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Contact, Group
from campaigns.models.narrowing import ASKED_AT_ONCE, MOST_ASKED, MOST_GROUPS, Narrowing
from campaigns.tests.factories import make_campaign
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDERS = [
    ["-id"],
    ["id"],
    ["-pk"],
    ["scheduled_at", "id"],
    ["-scheduled_at", "-pk"],
    ["email", "-id"],
]


def add_contacts(groups, number: int, seed=1) -> None:
    """So many in all, dealt out at random; several share a moment."""
    dice = random.Random(seed)
    Contact.objects.bulk_create(
        Contact(
            group=dice.choice(groups),
            email=f"{dice.randrange(10**9)}-{n}@example.com",
            email_key=f"{n}@example.com",
            scheduled_at=NOON + timedelta(minutes=dice.randrange(5)),
        )
        for n in range(number)
    )


def rows_read() -> int:
    """That this session of MariaDB has asked its tables for."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _, value in cursor.fetchall())


def groups_of(number: int) -> list[Group]:
    return list(make_campaign(group_names=[f"group {n}" for n in range(number)]).groups.all())


@pytest.fixture
def groups():
    """Those that are asked for, between others."""
    before, own, behind = groups_of(2), groups_of(3), groups_of(2)
    add_contacts([*before, *own, *behind], 120)
    return own


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_each_part_of_the_list_is_the_plain_query_s(groups, order):
    narrowed = Contact.objects.in_groups(group.pk for group in groups).order_by(*order)
    plain = list(Contact.objects.filter(group__in=groups).order_by(*order, "pk"))
    assert len(plain) > 30
    for start, stop in [(0, 1), (0, 10), (7, 20), (25, 1000), (1000, 1001), (0, 0)]:
        assert narrowed.between(start, stop) == plain[start:stop], (start, stop)


def test_other_conditions_and_narrowings_hold_as_well(groups):
    late = NOON + timedelta(minutes=2)
    first, second, third = (group.pk for group in groups)
    narrowed = Contact.objects.in_groups([first, second]).filter(scheduled_at__gte=late)
    narrowed = narrowed.in_groups([second, third, first]).exclude(email__startswith="1")
    plain = Contact.objects.filter(group__in=[first, second], scheduled_at__gte=late)
    plain = plain.exclude(email__startswith="1").order_by("-id")
    assert plain.count() > 5
    assert narrowed.order_by("-id").between(0, 50) == list(plain)
    assert narrowed.count_up_to(50) == plain.count()
    assert not narrowed.filter(pk__in=[]).order_by("-id").between(0, 50)
    assert narrowed.filter(pk__in=[]).count_up_to(50) == 0


@pytest.mark.parametrize("most", [1, 20, 10_000])
def test_it_counts_no_further_than_it_is_asked_to(groups, most):
    narrowed = Contact.objects.in_groups(group.pk for group in groups)
    assert narrowed.count_up_to(most) == min(narrowed.count(), most)


def test_many_groups_are_asked_in_few_statements():
    own = groups_of(ASKED_AT_ONCE + 10)
    add_contacts(own, 300)
    narrowed = Contact.objects.in_groups(group.pk for group in own).order_by("-id")
    with CaptureQueriesContext(connection) as captured:
        found = narrowed.between(0, 30)
    assert found == list(Contact.objects.order_by("-id")[:30])
    assert len(captured) == 3  # two parts, and the rows themselves
    assert narrowed.count_up_to(1000) == 300


def test_nothing_is_merged_where_it_does_not_pay():
    rows = Contact.objects.all()
    assert not Narrowing(rows, frozenset([1])).pays(10)
    assert Narrowing(rows, frozenset([1, 2])).pays(10)
    assert Narrowing(rows, frozenset(range(10))).pays(MOST_ASKED // 10)
    assert Narrowing(rows, frozenset(range(MOST_GROUPS))).pays(50)
    assert not Narrowing(rows, frozenset(range(MOST_GROUPS + 1))).pays(50)
    assert not Narrowing(rows, frozenset(range(11))).pays(MOST_ASKED // 10)


def test_newer_rows_of_others_cost_nothing():
    own, others = groups_of(2), groups_of(1)
    add_contacts(own, 200)
    add_contacts(others, 5_000, seed=2)
    narrowed = Contact.objects.in_groups(group.pk for group in own).order_by("-id")
    if connection.vendor == "mysql":
        before = rows_read()
        assert len(narrowed.between(0, 50)) == 50
        assert rows_read() - before < 1_000
        before = rows_read()
        assert narrowed.count_up_to(10_000) == 200
        assert rows_read() - before < 1_500
    else:
        with CaptureQueriesContext(connection) as captured:
            narrowed.between(0, 50)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {captured[0]['sql']}")
            plan = " ".join(row[-1] for row in cursor.fetchall())
        assert plan.count("INDEX contact_group (group_id=?)") == 2
        assert "TEMP B-TREE" not in plan


def test_the_api_s_lists_go_this_way():
    house = House()
    add_contacts([house.group, house.other_group], 40)
    for url in (f"/api/contacts/?campaign={house.campaign.pk}", "/api/contacts/"):
        with CaptureQueriesContext(connection) as captured:
            response = house.client.get(url)
        assert response.status_code == 200
        assert any("UNION ALL" in query["sql"] for query in captured), url
