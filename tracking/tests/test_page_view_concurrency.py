"""Several consumers with the views of the same visitors at the same time."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from accounts.tests.at_once import at_once
from tracking.decision import Decision
from tracking.models import Page, PageView, ViewCell, Visitor
from tracking.models.page_view import ALL_PAGES, ALL_TIME
from tracking.page_views.record import record_views
from tracking.tests.test_page_view_record import NOON, cells, recounted, view

pytestmark = pytest.mark.django_db(transaction=True)
CONSUMERS = 4
BATCHES, BATCH = 8, 40


def some_views(random: Random, number: int):
    return [
        view(
            f"page {random.randrange(9)}",
            f"user {random.randrange(60)}",
            NOON + timedelta(minutes=random.randrange(180)),
        )
        for _ in range(number)
    ]


def test_consumers_at_once_count_each_new_visitor_once():
    random = Random(1)
    batches = [[some_views(random, BATCH) for _ in range(BATCHES)] for _ in range(CONSUMERS)]

    def consume(number):
        return [each.decision for batch in batches[number] for each in record_views(batch)]

    decisions = Counter(each for found in at_once(CONSUMERS, consume) for each in found)
    assert decisions == {Decision.RECORDED: CONSUMERS * BATCHES * BATCH}
    hits = [hit for each in batches for batch in each for hit in batch]
    assert PageView.objects.count() == len(hits)
    assert cells() == recounted(hits)
    assert (Page.objects.count(), Visitor.objects.count()) == (9, 60)


def test_the_same_views_delivered_to_several_consumers_count_once():
    random = Random(2)
    batches = [some_views(random, BATCH) for _ in range(BATCHES)]

    def consume(number):
        order = batches[number:] + batches[:number]  # each begins with another
        return [each.decision for batch in order for each in record_views(batch)]

    decisions = Counter(each for found in at_once(CONSUMERS, consume) for each in found)
    once = BATCHES * BATCH
    assert decisions == {Decision.RECORDED: once, Decision.DUPLICATE: (CONSUMERS - 1) * once}
    assert cells() == recounted([hit for batch in batches for hit in batch])


def test_consumers_at_once_make_a_page_and_its_cells_once():
    at_once(CONSUMERS, lambda number: record_views([view("new", "anna"), view("new", "ben")]))
    assert ViewCell.objects.count() == 4
    [of_all] = ViewCell.objects.filter(page=ALL_PAGES, hour=ALL_TIME)
    assert (of_all.views, of_all.visitors) == (2 * CONSUMERS, 2)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_visitor_who_is_erased_while_consumers_count_them_is_forgotten(is_known):
    batches = [[view("home", "anna"), view("home", "ben")] for _ in range(CONSUMERS * BATCHES)]
    if is_known:
        record_views([view("home", "anna")])

    def work(number):
        if number == CONSUMERS:
            return Visitor.objects.erase("anna")
        return [record_views(batch) for batch in batches[number * BATCHES :][:BATCHES]]

    at_once(CONSUMERS + 1, work)
    assert set(Visitor.objects.values_list("user_id", flat=True)) <= {"", "ben"}
    of_all = ViewCell.objects.get(page=ALL_PAGES, hour=ALL_TIME)
    seen = Counter(PageView.objects.values_list("visitor", flat=True))
    assert (of_all.views, of_all.visitors) == (seen.total(), len(seen))
    assert Visitor.objects.filter(pk__in=seen).count() == len(seen)
