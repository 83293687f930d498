"""Page views in the database: what is counted, and what is not counted again."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from campaigns.models.adding import make_missing
from tracking.decision import Decision
from tracking.models import CellVisitor, ErasedVisitor, Page, PageView, ViewCell, Visitor, page_view
from tracking.models.page_view import ALL_PAGES, CellQuerySet, VisitorQuerySet, hour_of
from tracking.page_views import retention
from tracking.page_views.hit import ViewHit
from tracking.page_views.record import record_views

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def view(page="home", user="user123", at=NOON, event_id=None, referrer="") -> ViewHit:
    event_id = event_id or uuid4().bytes
    return ViewHit(event_id, page, user, round(at.timestamp() * 1000), referrer)


def decisions(*hits) -> list[Decision]:
    return [each.decision for each in record_views(list(hits))]


def cells() -> dict:
    """(page or "all", hour or "ever") → (views, visitors)"""
    names = dict(Page.objects.values_list("pk", "page_id")) | {ALL_PAGES: "all"}
    return {
        (names[cell.page], cell.hour or "ever"): (cell.views, cell.visitors)
        for cell in ViewCell.objects.all()
    }


def recounted(hits) -> dict:
    """The same, from the hits themselves."""
    users = defaultdict(list)
    for hit in {hit.event_id: hit for hit in hits}.values():
        hour = hour_of(datetime.fromtimestamp(hit.at / 1000, UTC))
        for page in ("all", hit.page_id):
            for when in ("ever", hour):
                users[page, when].append(hit.user_id)
    return {key: (len(found), len(set(found))) for key, found in users.items()}


def test_a_view_counts_for_its_page_and_its_hour_and_for_all():
    assert decisions(view(referrer="news.example.com")) == [Decision.RECORDED]
    hour = hour_of(NOON)
    assert cells() == dict.fromkeys(
        [("all", "ever"), ("all", hour), ("home", "ever"), ("home", hour)], (1, 1)
    )
    [row] = PageView.objects.select_related("page", "visitor")
    assert (row.page.page_id, row.visitor.user_id) == ("home", "user123")
    assert (row.viewed_at, row.referrer) == (NOON, "news.example.com")


def test_whatever_comes_is_counted_exactly():
    random = Random(4)
    hits = [
        view(
            f"page {random.randrange(7)}",
            f"user {random.randrange(40)}",
            NOON + timedelta(minutes=random.randrange(300)),
        )
        for _ in range(900)
    ]
    sent = hits + random.sample(hits, 90)
    random.shuffle(sent)
    decided = [each for start in range(0, 990, 330) for each in decisions(*sent[start:][:330])]
    assert decided.count(Decision.RECORDED) == 900
    assert decided.count(Decision.DUPLICATE) == 90
    assert cells() == recounted(hits)


def test_a_view_that_is_sent_again_counts_once_even_in_one_batch():
    once = view()
    assert decisions(once, once) == [Decision.RECORDED, Decision.DUPLICATE]
    assert decisions(once, view(user="another")) == [Decision.DUPLICATE, Decision.RECORDED]
    assert cells()["home", "ever"] == (2, 2)


def test_names_are_told_apart_byte_by_byte():
    names = ["Home", "home", "HOME", "hömé", "ho\u0308me", "home ", "ﬁn", "fin"]
    decisions(*[view(page=name, user=name) for name in names])
    assert cells()["all", "ever"] == (8, 8)
    assert Visitor.objects.count() == Page.objects.count() == 8
    assert set(Page.objects.values_list("page_id", flat=True)) == set(names)


@pytest.mark.parametrize("name", ["x" * 255, "😀" * 255, "'; DROP TABLE", "\\", "%s", "\u200b"])
def test_any_name_is_kept_as_it_is(name):
    decisions(view(page=name, user=name))
    assert Page.objects.get().page_id == Visitor.objects.get().user_id == name


def test_many_pages_in_one_batch_are_no_trouble():
    hits = [view(f"page {number}", f"user {number % 3}") for number in range(500)]
    assert set(decisions(*hits)) == {Decision.RECORDED}
    assert cells() == recounted(hits)


def test_more_views_ask_no_more_queries(
    django_assert_max_num_queries,
):
    decisions(*[view(f"page {number % 5}", f"user {number}") for number in range(100)])
    with django_assert_max_num_queries(16):
        decisions(*[view(f"page {number % 5}", f"user {number}") for number in range(100)])


# -- Erasing -------------------------------------------------------------------------------------
def test_an_erased_visitor_is_forgotten_and_no_figure_moves():
    decisions(view(referrer="news.example.com"), view(user="other"))
    before = cells()
    assert Visitor.objects.erase("user123")
    assert cells() == before
    assert list(Visitor.objects.exclude(user_id="").values_list("user_id", flat=True)) == ["other"]
    assert not PageView.objects.exclude(referrer="").exists()
    assert decisions(view(), view(user="other")) == [Decision.ERASED, Decision.RECORDED]
    assert Visitor.objects.count() == 2
    assert not Visitor.objects.filter(user_id="user123").exists()


def test_who_is_erased_before_they_ever_came_is_not_taken_in():
    assert not Visitor.objects.erase("user123")
    assert decisions(view()) == [Decision.ERASED]
    assert not Visitor.objects.exists()
    assert set(cells().values()) == {(0, 0)}


def test_who_is_erased_while_two_consumers_meet_them_first_leaves_no_name(monkeypatch):
    make = VisitorQuerySet.make

    def make_meanwhile(queryset, names):
        monkeypatch.setattr(VisitorQuerySet, "make", make)
        ErasedVisitor.objects.remember("user123")  # and looks for the visitor, who isn't there yet
        made = make(queryset, names)
        assert decisions(view()) == [Decision.RECORDED]  # the other one knows them already
        return made

    monkeypatch.setattr(VisitorQuerySet, "make", make_meanwhile)
    assert decisions(view()) == [Decision.ERASED]
    assert PageView.objects.get().visitor.user_id == ""
    assert cells()["all", "ever"] == (1, 1)
    assert decisions(view()) == [Decision.ERASED]


def test_who_is_erased_as_soon_as_they_are_made_is_no_fault(monkeypatch):
    def erase_at_once(*made):
        make_missing(*made)
        Visitor.objects.erase("user123")

    with monkeypatch.context() as patched:
        decisions(view(user="other"))  # makes the page
        patched.setattr(page_view, "make_missing", erase_at_once)
        assert decisions(view()) == [Decision.ERASED]
    assert set(Visitor.objects.values_list("user_id", flat=True)) == {"", "other"}
    assert cells()["all", "ever"] == (1, 1)


def test_who_is_erased_after_they_were_looked_up_leaves_no_view(monkeypatch):
    decisions(view(), view(user="other"))
    make_first = CellQuerySet.make_first

    def erase_meanwhile(queryset):
        monkeypatch.setattr(CellQuerySet, "make_first", make_first)
        Visitor.objects.erase("user123")
        make_first(queryset)

    monkeypatch.setattr(CellQuerySet, "make_first", erase_meanwhile)
    late = view(referrer="news.example.com")
    assert decisions(late, view(user="other")) == [Decision.ERASED, Decision.RECORDED]
    assert not PageView.objects.exclude(referrer="").exists()
    assert cells()["all", "ever"] == (3, 2)


def test_many_hours_in_one_batch_are_no_trouble():
    hits = [view(f"page {n % 50}", f"user {n % 90}", NOON - timedelta(hours=n)) for n in range(500)]
    assert decisions(*hits[:300]) == [Decision.RECORDED] * 300
    assert decisions(*hits[200:]) == [Decision.DUPLICATE] * 100 + [Decision.RECORDED] * 200
    assert cells() == recounted(hits)


def test_an_erased_visitor_is_known_under_an_older_key_as_well(settings):
    decisions(view())
    Visitor.objects.erase("user123")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"
    assert decisions(view()) == [Decision.ERASED]


def test_nothing_that_is_kept_of_an_erased_visitor_tells_who_it_was():
    decisions(view())
    before = Visitor.objects.get().fingerprint
    Visitor.objects.erase("user123")
    assert Visitor.objects.get().fingerprint != before
    assert "user123" not in ErasedVisitor.objects.get().hash


# -- Retention -----------------------------------------------------------------------------------
@pytest.fixture
def a_year(settings, time_machine):
    settings.PAGE_VIEW_RETENTION_DAYS = 365
    time_machine.move_to(NOON, tick=False)
    return timedelta(days=365)


def test_old_views_go_and_their_counts_stay(a_year, time_machine):
    old = [view(user=f"user {number}", at=NOON - a_year) for number in range(3)]
    decisions(*old, view(at=NOON))
    before = cells()
    time_machine.move_to(NOON + timedelta(hours=2), tick=False)
    retention.work(60, pause=lambda seconds: None)
    assert PageView.objects.count() == 1
    assert cells() == before
    assert not CellVisitor.objects.filter(hour=hour_of(NOON - a_year)).exists()
    assert CellVisitor.objects.count() == 4 + 2 + 4  # of all time: four visitors, twice; an hour's


def test_what_is_older_than_that_is_not_counted_again(a_year, time_machine):
    old = view(at=NOON - a_year)
    assert decisions(old) == [Decision.RECORDED]
    time_machine.move_to(NOON + timedelta(seconds=1), tick=False)
    retention.work(60, pause=lambda seconds: None)
    before = cells()
    assert decisions(old) == [Decision.TOO_OLD]
    assert cells() == before


def test_without_retention_all_is_kept(settings):
    settings.PAGE_VIEW_RETENTION_DAYS = 0
    decisions(view(at=NOON - timedelta(days=5000)))
    retention.work(60)
    assert PageView.objects.count() == 1


def test_event_ids_are_those_that_were_sent():
    event_id = UUID("0190f5fe-6d1a-7c3f-8a57-8a2b7f3f9d11")
    decisions(view(event_id=event_id.bytes))
    assert PageView.objects.get().event_id == event_id
