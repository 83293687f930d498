"""Pages and visitors in the admin."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.paginator import BoundedPaginator
from accounts.tests.staff import admin_client, make_staff, page, said, signed_in
from tracking.admin.chart import Chart
from tracking.models import ErasedVisitor, Page, PageView, ViewCell, Visitor
from tracking.page_views.figures import Hour
from tracking.page_views.record import record_views
from tracking.tests.test_page_view_record import cells, view

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def half_past_noon(time_machine):
    time_machine.move_to(NOON + timedelta(minutes=30), tick=False)


def record_some():
    """Three pages: 2, 5 and 3 views by 1, 3 and 2 visitors; 4 visitors altogether."""
    hours = [timedelta(hours=hours) for hours in (0, 1, 23, 24, 30)]
    record_views(
        [view("news", "a") for _ in range(2)]
        + [view("home", user, NOON - ago) for user, ago in zip("aabbc", hours, strict=True)]
        + [view("über & mehr", user, NOON - hours[1]) for user in "add"]
    )


def listed(client, **query) -> list[tuple]:
    """page, views, visitors, views in 24 h, as the list shows them."""
    its = client.get(page(Page), query).context["cl"]
    columns = ("views", "visitors", "late_views")
    return [
        (row.page_id, *(int(getattr(its.model_admin, each)(row)) for each in columns))
        for row in its.result_list
    ]


# -- Pages ---------------------------------------------------------------------------------------
def test_pages_come_in_the_order_of_their_views(admin_client):
    record_some()
    assert listed(admin_client) == [
        ("home", 5, 3, 3),
        ("über & mehr", 3, 2, 3),
        ("news", 2, 1, 2),
    ]
    totals = admin_client.get(page(Page)).context["cl"].totals
    assert (totals.views, totals.visitors, totals.late_views) == (10, 4, 8)


def test_a_page_is_found_by_its_whole_page_id(admin_client):
    record_some()
    assert [row[0] for row in listed(admin_client, q="über & mehr")] == ["über & mehr"]
    assert listed(admin_client, q="hom") == listed(admin_client, q="Home") == []
    assert "0 pages" in admin_client.get(page(Page), {"q": "hom"}).text


def test_a_page_whose_views_were_all_refused_is_not_listed(admin_client):
    Visitor.objects.erase("a")
    record_views([view("secret", "a"), view("home", "b")])
    assert [row[0] for row in listed(admin_client)] == ["home"]
    assert listed(admin_client, q="secret") == []


def test_where_nobody_came_the_list_is_empty(admin_client):
    assert listed(admin_client) == []
    assert "No views in the last 24 hours." in admin_client.get(page(Page)).text


def test_more_pages_ask_no_more_queries(admin_client):
    def cost():
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(page(Page))
        return captured

    record_some()
    few = cost()
    record_views([view(f"page {number}", f"user {number}") for number in range(40)])
    many = cost()
    assert len(many) == len(few)
    plain = [each["sql"].translate({ord(quote): None for quote in '"`'}) for each in many]
    asked = [sql for sql in plain if "FROM tracking_" in sql]
    assert len(asked) == 5  # the count, the cells, their hours and totals, the names
    assert not [sql for sql in asked if "JOIN" in sql or PageView._meta.db_table in sql]


def test_a_million_pages_are_neither_counted_nor_sorted(admin_client, monkeypatch):
    record_some()
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(page(Page))
    [ordered] = [each["sql"] for each in captured if "ORDER BY" in each["sql"]
                 and ViewCell._meta.db_table in each["sql"]]  # fmt: skip
    [counting] = [each["sql"] for each in captured if "COUNT(" in each["sql"]]
    assert f"LIMIT {BoundedPaginator.MOST + 1}" in counting
    if connection.vendor == "sqlite":  # elsewhere the plan depends on how many rows there are
        with connection.cursor() as cursor:
            plan = str(cursor.execute(f"EXPLAIN QUERY PLAN {ordered}").fetchall())
        assert "most_viewed_pages" in plan
        assert "TEMP B-TREE" not in plan


def test_a_page_shows_its_hours(admin_client):
    record_some()
    home = Page.objects.get(page_id="home")
    reply = admin_client.get(page(Page, "change", home.pk))
    rows = [(hour.at, hour.views, hour.visitors) for hour in reply.context["hours"]]
    assert rows == [(NOON - timedelta(hours=ago), 1, 1) for ago in (0, 1, 23, 24, 30)]
    assert "2026-03-01 12:00" in reply.text
    assert "of this page" in reply.text


def test_a_page_without_late_views_says_so(admin_client, time_machine):
    record_some()
    time_machine.move_to(NOON + timedelta(days=3), tick=False)
    home = Page.objects.get(page_id="home")
    assert "No views in the last 48 hours." in admin_client.get(page(Page, "change", home.pk)).text


def test_a_page_id_is_a_text_and_no_markup(admin_client):
    record_views([view("<script>alert(1)</script>", "<b>")])
    for where in (page(Page), page(Page, "change", Page.objects.get().pk)):
        text = admin_client.get(where).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize("model", [Page, Visitor])
def test_what_is_counted_is_neither_made_nor_changed_nor_deleted(admin_client, model):
    record_some()
    row = model.objects.first()
    assert admin_client.get(page(model, "add")).status_code == 403
    assert admin_client.post(page(model, "change", row.pk), {}).status_code == 403
    assert admin_client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    admin_client.post(page(model), data)
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", [Page, Visitor, ErasedVisitor])
def test_it_takes_the_permission_to_see_them(model):
    record_some()
    Visitor.objects.erase("a")
    pk = model.objects.first().pk
    anna, eve = make_staff("anna", models=[model], actions=["view"]), make_staff("eve")
    for where in (page(model), page(model, "change", pk)):
        assert signed_in(anna).get(where).status_code == 200
        assert signed_in(eve).get(where).status_code == 403


# -- The chart -----------------------------------------------------------------------------------
def chart(*views) -> Chart:
    begin = NOON - timedelta(hours=len(views) - 1)
    return Chart([Hour(begin + timedelta(hours=i), each, 1) for i, each in enumerate(views)])


def test_a_chart_has_a_bar_for_each_hour_with_views():
    svg = chart(0, 12, 6, 3).svg
    assert 'd="M5 24v-24h4v24zM10 24v-12h4v12z"' in svg
    assert 'class="spark-now" d="M15 24v-6h4v6z"' in svg  # the hour isn't over yet


def test_a_few_views_are_seen_beside_many():
    assert "M0 24v-1h4v1z" in chart(1, 100_000).svg


def test_a_chart_says_in_words_what_it_shows():
    assert chart(0, 1234, 6).words == (
        "The last 3 hours: most views at 11:00 UTC, 1,234 in that hour; 6 in the present one."
    )
    assert f'aria-label="{chart(0, 0).words}"' in chart(0, 0).svg


# -- Visitors ------------------------------------------------------------------------------------
def found(client, model, query) -> list:
    return list(client.get(page(model), {"q": query}).context["cl"].result_list)


def test_a_visitor_is_found_by_the_whole_user_id(admin_client):
    record_views([view(user=user) for user in ("ada", "ada ", "Ada", "adam")])
    with CaptureQueriesContext(connection) as captured:
        assert [each.user_id for each in found(admin_client, Visitor, "ada")] == ["ada"]
    asked = " ".join(each["sql"] for each in captured)
    assert "LIKE" not in asked
    assert found(admin_client, Visitor, "ad") == []


def test_visitors_are_not_counted_to_the_end(admin_client, monkeypatch):
    monkeypatch.setattr(BoundedPaginator, "MOST", 2)
    record_some()
    with CaptureQueriesContext(connection) as captured:
        text = admin_client.get(page(Visitor)).text
    assert "2+ visitors" in text
    assert all("LIMIT 3" in each["sql"] for each in captured if "COUNT(" in each["sql"])


def test_a_visitors_own_page_tells_the_latest_views(admin_client):
    record_views([view("home", "a", referrer="news.example.com"), view("news", "b")])
    visitor = Visitor.objects.get(user_id="a")
    text = admin_client.get(page(Visitor, "change", visitor.pk)).text
    assert "2026-03-01 12:00:00" in text
    assert "<td>home</td>" in text
    assert "<td>news</td>" not in text
    assert "news.example.com" in text


def test_erasing_a_visitor_asks_first_and_moves_no_figure(admin_client):
    record_some()
    before, visitor = cells(), Visitor.objects.get(user_id="a")
    assert (
        page(Visitor, "erase", visitor.pk)
        in admin_client.get(page(Visitor, "change", visitor.pk)).text
    )
    asked = admin_client.get(page(Visitor, "erase", visitor.pk))
    assert "Erase the visitor “a”, on all pages?" in asked.text
    assert Visitor.objects.filter(user_id="a").exists()
    reply = admin_client.post(page(Visitor, "erase", visitor.pk))
    assert "The visitor is erased" in said(reply)
    assert not Visitor.objects.filter(user_id="a").exists()
    assert ErasedVisitor.objects.among(["a", "b"]) == {"a"}
    assert cells() == before
    after = admin_client.get(reply.url).text
    assert page(Visitor, "erase", visitor.pk) not in after
    assert "was erased on" in admin_client.get(page(Visitor, "erase", visitor.pk)).text


def test_the_history_of_the_admin_does_not_tell_whom_it_was(admin_client):
    record_views([view(user="user-of-old")])
    visitor = Visitor.objects.get()
    admin_client.post(page(Visitor, "erase", visitor.pk))
    [entry] = LogEntry.objects.all()
    assert (entry.object_repr, entry.get_change_message()) == (f"visitor {visitor.pk}", "Erased.")


def test_to_be_erased_twice_is_once(admin_client):
    record_some()
    visitor = Visitor.objects.get(user_id="a")
    for _ in range(2):
        assert admin_client.post(page(Visitor, "erase", visitor.pk)).status_code == 302
    assert ErasedVisitor.objects.count() == LogEntry.objects.count() == 1


def test_who_may_delete_visitors_may_erase_them_and_nobody_else():
    record_some()
    visitor = Visitor.objects.get(user_id="a")
    anna = signed_in(make_staff("anna", models=[Visitor], actions=["view", "change", "add"]))
    ben = signed_in(make_staff("ben", models=[Visitor], actions=["view", "delete"]))
    eve = signed_in(make_staff("eve"))
    assert "Erase the visitor" not in anna.get(page(Visitor, "change", visitor.pk)).text
    for method in ("get", "post"):
        for client in (anna, eve):
            refused = getattr(client, method)(page(Visitor, "erase", visitor.pk))
            assert refused.status_code == 403
    assert Visitor.objects.filter(user_id="a").exists()
    assert ben.post(page(Visitor, "erase", visitor.pk)).status_code == 302
    assert not Visitor.objects.filter(user_id="a").exists()
    assert ben.get(page(Visitor, "erase", 10**9)).status_code == 404


def test_an_erased_visitor_is_found_by_the_user_id_and_let_in_again(admin_client):
    Visitor.objects.erase("a")
    [entry] = found(admin_client, ErasedVisitor, "a")
    assert found(admin_client, ErasedVisitor, "b") == []
    admin_client.post(page(ErasedVisitor, "delete", entry.pk), {"post": "yes"})
    record_views([view(user="a")])
    assert Visitor.objects.filter(user_id="a").exists()
