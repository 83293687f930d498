"""Visitors are erased by the API and by a command, and old page views are forgotten."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, client_with, make_key, make_user
from accounts.tests.staff import make_staff
from tracking.decision import Decision
from tracking.models import ErasedVisitor, PageView, Visitor
from tracking.page_views.record import record_views
from tracking.tests.test_page_view_record import cells, decisions, view

pytestmark = pytest.mark.django_db
URL = "/api/erased-visitors/"
ADA = "user of Ada "  # a blank at the end belongs to it
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def staff():
    return client_of(make_user(is_superuser=True, is_staff=True))


def granted(name, model, *actions):
    return client_of(make_staff(name, models=[model], actions=actions))


# -- The API -------------------------------------------------------------------------------------
def test_a_visitor_is_erased_once_and_the_answer_does_not_name_them(staff):
    record_views([view(user=ADA), view(user="other")])
    before = cells()
    first, again = (staff.post(URL, {"user_id": ADA}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json().keys() == {"id", "erased_at"}
    assert cells() == before
    assert set(Visitor.objects.values_list("user_id", flat=True)) == {"", "other"}
    assert decisions(view(user=ADA)) == [Decision.ERASED]


def test_who_never_came_is_not_taken_in_later(staff):
    assert staff.post(URL, {"user_id": ADA}).status_code == 201
    assert decisions(view(user=ADA)) == [Decision.ERASED]


@pytest.mark.parametrize("user_id", ["", "x" * 256, "a\nb", "a\0b", None, ["a"]])
def test_what_no_page_can_send_is_no_user_id(staff, user_id):
    assert_problem(staff.post(URL, {"user_id": user_id}), 400, "invalid")
    assert not ErasedVisitor.objects.exists()


def test_an_entry_is_found_by_the_user_id_byte_by_byte(staff):
    entry = staff.post(URL, {"user_id": ADA}).json()
    assert staff.get(URL, {"user_id": ADA}).json()["results"] == [entry]
    assert staff.get(URL, {"user_id": ADA.strip()}).json()["results"] == []
    assert staff.get(f"{URL}{entry['id']}/").json() == entry


def test_an_entry_is_found_under_an_older_key_as_well(staff, settings):
    entry = staff.post(URL, {"user_id": ADA}).json()
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"
    assert ErasedVisitor.objects.about(ADA).get().pk == entry["id"]


def test_a_visitor_whose_entry_is_deleted_is_counted_again(staff):
    entry = staff.post(URL, {"user_id": ADA}).json()
    assert staff.delete(f"{URL}{entry['id']}/").status_code == 204
    assert decisions(view(user=ADA)) == [Decision.RECORDED]


def test_each_verb_takes_its_permission():
    reader = granted("reader", ErasedVisitor, "view")
    eraser = granted("eraser", Visitor, "delete")
    pardoner = granted("pardoner", ErasedVisitor, "delete")
    entry, _ = ErasedVisitor.objects.remember(ADA)
    its = f"{URL}{entry.pk}/"
    asked = [("get", URL), ("get", its), ("post", URL), ("delete", its)]

    def answers(client) -> list[int]:
        body = {"post": {"user_id": "x"}}
        return [getattr(client, verb)(where, body.get(verb)).status_code for verb, where in asked]

    assert answers(reader) == [200, 200, 403, 403]
    assert answers(eraser) == [403, 403, 201, 403]
    assert answers(pardoner) == [403, 403, 403, 204]


def test_it_is_neither_for_managers_of_a_team_nor_for_their_keys():
    manager = make_user()
    key = make_key(manager.own_team, Membership.Role.MANAGER)
    for client in (client_of(manager), client_with(key)):
        refused = client.post(URL, {"user_id": ADA})
        assert_problem(refused, 403, "permission_denied")
        assert "tracking.delete_visitor" in refused.json()["detail"]
    assert not ErasedVisitor.objects.exists()


def test_the_permission_alone_makes_nobody_staff():
    someone = make_staff(models=[Visitor], actions=["delete"])
    type(someone).objects.filter(pk=someone.pk).update(is_staff=False)
    assert client_of(someone).post(URL, {"user_id": ADA}).status_code == 403


# -- The command ---------------------------------------------------------------------------------
def command(*arguments) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_what_happened_and_names_nobody():
    record_views([view(user=ADA)])
    assert command("erase_visitor", ADA) == "Erased: 1. The figures stay as they are.\n"
    assert not Visitor.objects.filter(user_id=ADA).exists()
    assert command("erase_visitor", ADA) == (
        "Not among the visitors: 1. They will not be recorded.\n"
    )


def test_the_command_reads_one_user_id_in_each_line(monkeypatch):
    record_views([view(user=ADA), view(user="b\u2028c"), view(user="other")])
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ADA}\nb\u2028c\n\nnobody\n"))
    assert command("erase_visitor", "-").startswith("Erased: 2.")
    assert list(Visitor.objects.exclude(user_id="").values_list("user_id", flat=True)) == ["other"]
    assert ErasedVisitor.objects.among(["nobody"])


@pytest.mark.parametrize("lines", ["", "\n", "a\n" + "x" * 256, "a\nb\0"])
def test_the_command_erases_nobody_where_a_line_is_no_user_id(monkeypatch, lines):
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    with pytest.raises(CommandError, match=r"standard input|User 2: Give"):
        command("erase_visitor", "-")
    assert not ErasedVisitor.objects.exists()


def test_the_command_refuses_what_is_not_in_utf_8(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n"), encoding="utf-8"))
    with pytest.raises(CommandError, match="not in UTF-8"):
        command("erase_visitor", "-")


# -- Retention -----------------------------------------------------------------------------------
def test_the_command_forgets_old_page_views_and_says_how_many(settings, time_machine):
    settings.PAGE_VIEW_RETENTION_DAYS = 10
    time_machine.move_to(NOON, tick=False)
    old = [view(user=f"user {number}", at=NOON - timedelta(days=9)) for number in range(3)]
    decisions(*old, view(at=NOON))
    before = cells()
    time_machine.move_to(NOON + timedelta(days=2), tick=False)
    said = command("forget_old_page_views")
    assert said == "3 page views older than 10 days are deleted.\n"
    assert PageView.objects.count() == 1
    assert cells() == before


def test_where_retention_is_off_the_command_deletes_nothing():
    decisions(view(at=NOON - timedelta(days=5000)))
    with pytest.raises(CommandError, match="PAGE_VIEW_RETENTION_DAYS, which is off"):
        command("forget_old_page_views")
    assert PageView.objects.count() == 1
