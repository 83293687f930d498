import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.idempotency import IdempotentRequest
from accounts.models import Membership, Team, User
from accounts.paginator import BoundedPaginator
from accounts.tests.staff import admin_client, inline, make_staff, page, said, signed_in

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db

OURS = [each for each in admin.site._registry if each.__module__.split(".")[0] != "django"]
NEW_USER = {
    "username": "berta",
    "email": "Berta@Example.com",
    "usable_password": "true",
    "password1": "correct horse battery",
    "password2": "correct horse battery",
}


def test_the_home_page_is_named_after_the_service(admin_client):
    assert "PixelTrack</a>" in admin_client.get("/admin/").text


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_opens_and_can_be_searched(admin_client, model):
    for query in ("", "?q=a", "?e=1"):
        assert admin_client.get(page(model) + query).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_forged_rows_of_an_action_lead_to_the_list(admin_client, model):
    listed = admin_client.get(page(model)).wsgi_request
    for action in admin.site.get_model_admin(model).get_actions(listed):
        for forged in ("x", "9" * 20):
            data = {"action": action, "_selected_action": forged, "post": "yes"}
            reply = admin_client.post(page(model), data)
            assert (reply.status_code, reply.url) == (302, page(model)), (action, forged)
            assert "select rows" in said(reply)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_signed_out_visitors_are_sent_to_the_login(client, model):
    assert client.get(page(model)).url.startswith("/admin/login/")


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_staff_without_permissions_are_refused(model):
    assert signed_in(make_staff()).get(page(model)).status_code == 403


def test_refresh_tokens_are_on_no_page(admin_client):
    assert "Outstanding tokens" not in admin_client.get("/admin/").text


def test_a_new_user_gets_a_team_of_their_own(admin_client):
    admin_client.post(page(User, "add"), NEW_USER)
    berta = User.objects.get(username="berta")
    assert berta.email == "berta@example.com"
    assert berta.own_team.memberships.get().role == Membership.Role.MANAGER


def test_a_new_user_needs_an_address(admin_client):
    reply = admin_client.post(page(User, "add"), NEW_USER | {"email": ""})
    assert reply.context["adminform"].form.errors["email"] == ["This field is required."]
    assert not User.objects.filter(username="berta").exists()


def test_an_address_that_is_taken_is_refused(admin_client):
    User.objects.create_user("other", "berta@example.com")
    reply = admin_client.post(page(User, "add"), NEW_USER)
    assert "e-mail address exists already" in reply.text


def test_the_page_of_a_user_opens_and_saves(admin_client):
    user = User.objects.create_user("carl", "carl@example.com")
    assert admin_client.get(page(User, "change", user.pk)).status_code == 200
    data = {"username": "carl", "email": "new@example.com", "is_active": "on"}
    assert admin_client.post(page(User, "change", user.pk), data).status_code == 302
    user.refresh_from_db()
    assert user.email == "new@example.com"


def test_members_see_the_people_of_their_teams_and_change_none():
    stranger = User.objects.create_user("stranger", "stranger@example.com")
    anna = make_staff(models=[User])
    mate = User.objects.create_user("mate", "mate@example.com")
    Membership.objects.create(team=anna.own_team, user=mate)
    client = signed_in(anna)
    text = client.get(page(User)).text
    assert "mate@example.com" in text
    assert stranger.email not in text
    assert client.post(page(User, "change", mate.pk), {"email": "x@example.com"}).status_code == 403
    assert client.get(page(User, "add")).status_code == 403
    assert client.post(page(User, "delete", mate.pk), {"post": "yes"}).status_code == 403


def test_members_see_their_teams_and_memberships_only():
    stranger = User.objects.create_user("stranger", "stranger@example.com")
    client = signed_in(make_staff(models=[Team, Membership]))
    for model in (Team, Membership):
        text = client.get(page(model)).text
        assert "anna&#x27;s team" in text
        assert "stranger" not in text
    assert client.get(page(Team, "change", stranger.own_team.pk)).status_code == 302


def test_members_cannot_name_a_user_or_team_that_they_do_not_see():
    stranger = User.objects.create_user("stranger", "stranger@example.com")
    anna = make_staff(models=[Team, Membership, User])
    data = {"team": stranger.own_team.pk, "user": stranger.pk, "role": "viewer"}
    reply = signed_in(anna).post(page(Membership, "add"), data)
    assert set(reply.context["adminform"].form.errors) == {"team", "user"}
    assert stranger.email not in reply.text
    query = "?app_label=accounts&model_name=membership&field_name=user&term=stranger"
    found = signed_in(anna).get(reverse("admin:autocomplete") + query).json()
    assert found["results"] == []


def test_whoever_makes_a_team_is_its_manager():
    anna = make_staff(models=[Team, Membership])
    signed_in(anna).post(page(Team, "add"), inline("memberships", name="Night shift"))
    assert Team.objects.get(name="Night shift").memberships.get(user=anna).role == "manager"


def test_a_membership_keeps_its_team_and_user(admin_client):
    anna = make_staff()
    other = make_staff("other", anna.own_team)
    membership = Membership.objects.get(team=anna.own_team, user=other)
    data = {"team": other.own_team.pk, "user": anna.pk, "role": "editor"}
    admin_client.post(page(Membership, "change", membership.pk), data)
    membership.refresh_from_db()
    assert (membership.team, membership.user) == (anna.own_team, other)
    assert membership.role == "editor"


@pytest.mark.parametrize("model", [User, Team, Membership], ids=lambda model: model.__name__)
def test_lists_ask_the_same_number_of_questions_whatever_their_length(
    admin_client, model, django_assert_max_num_queries
):
    make_staff("first")
    with django_assert_max_num_queries(8):
        admin_client.get(page(model))
    for number in range(20):
        make_staff(f"staff{number}")
    with django_assert_max_num_queries(8):
        assert admin_client.get(page(model)).context["cl"].result_count >= 20


def test_a_bounded_paginator_stops_counting(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(BoundedPaginator, "MOST", 5)
    for number in range(7):
        User.objects.create_user(f"user{number}", f"user{number}@example.com")
    paginator = BoundedPaginator(User.objects.order_by("pk"), 2)
    with django_assert_num_queries(1) as captured:
        assert (paginator.count, paginator.more, paginator.num_pages) == (5, True, 3)
    assert "LIMIT 6" in captured[0]["sql"]
    few = BoundedPaginator(User.objects.filter(username="user1").order_by("pk"), 2)
    assert (few.count, few.more) == (1, False)


def test_nobody_raises_their_own_role():
    team = User.objects.create_user("boss", "boss@example.com").own_team
    viewer = make_staff("eve", team, models=[Membership, Team], role="viewer")
    own = Membership.objects.get(team=team, user=viewer)
    client = signed_in(viewer)
    form = {"team": team.pk, "user": viewer.pk, "role": "manager"}
    assert client.post(page(Membership, "change", own.pk), form).status_code == 403
    rows = inline("memberships", {"id": own.pk, "user": viewer.pk, "role": "manager"}, initial=1)
    client.post(page(Team, "change", team.pk), {"name": team.name, **rows})
    own.refresh_from_db()
    assert own.role == "viewer"


def test_a_manager_gives_roles():
    team = User.objects.create_user("boss", "boss@example.com").own_team
    manager = make_staff("mia", team, models=[Membership, Team])
    Membership.objects.filter(team=team, user=manager).update(role="manager")
    other = Membership.objects.create(
        team=team, user=User.objects.create_user("x", "x@example.com")
    )
    form = {"team": team.pk, "user": other.user_id, "role": "editor"}
    assert signed_in(manager).post(page(Membership, "change", other.pk), form).status_code == 302
    other.refresh_from_db()
    assert other.role == "editor"


def test_idempotent_requests_are_for_superusers_to_read(admin_client):
    kept = IdempotentRequest.objects.claim("a digest", "another")
    anna = signed_in(make_staff(models=[IdempotentRequest]))
    for address in (page(IdempotentRequest), page(IdempotentRequest, "change", kept.pk)):
        reply = admin_client.get(address)
        assert reply.status_code == 200
        assert "digest" not in reply.text
    assert [*anna.get(page(IdempotentRequest)).context["cl"].result_list] == []
    assert anna.get(page(IdempotentRequest, "change", kept.pk)).url == "/admin/"
    assert admin_client.post(page(IdempotentRequest, "delete", kept.pk)).status_code == 403


def test_a_teams_page_takes_as_many_queries_for_thirty_members_as_for_three(admin_client):
    team = User.objects.create_user("boss", "boss@example.com").own_team
    manager = make_staff("mia", team, models=[Membership, Team])
    clients = (admin_client, signed_in(manager))

    def queries(members: int) -> list[int]:
        for number in range(team.memberships.count(), members):
            make_staff(f"member{number}", team)
        taken = []
        for client in clients:
            with CaptureQueriesContext(connection) as asked:
                text = client.get(page(Team, "change", team.pk)).text
            assert text.count(" selected>") >= 1
            taken.append(len(asked))
        return taken

    queries(3)  # content types are remembered from then on
    assert queries(3) == queries(30)


def test_a_member_is_replaced_on_the_page_of_the_team(admin_client):
    """By somebody else than the one whom the page knows already."""
    team = User.objects.create_user("boss", "boss@example.com").own_team
    make_staff("one", team)
    other = User.objects.create_user("two", "two@example.com")
    where = page(Team, "change", team.pk)
    members = list(team.memberships.order_by("pk"))
    rows = [{"id": each.pk, "user": each.user_id, "role": each.role} for each in members]
    rows[1]["user"] = other.pk
    form = inline("memberships", *rows, initial=2, name="")
    shown = admin_client.post(where, form).text  # without a name, to see it again
    assert f'<option value="{other.pk}" selected>' in shown
    assert admin_client.post(where, form | {"name": "X"}).status_code == 302
    assert team.memberships.get(pk=members[1].pk).user == other
