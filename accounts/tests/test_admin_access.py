"""What lets somebody into a team, on the admin pages: members, invitations, keys."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, Invitation, Membership, Team, User
from accounts.tests.people import client_with, make_key, make_member, make_user
from accounts.tests.staff import admin_client, inline, make_staff, page, signed_in

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
MODELS = (ApiKey, Invitation)
Role = Membership.Role


def make_row(model, team):
    if model is ApiKey:
        return make_key(team, Role.EDITOR)
    return Invitation.objects.invite(
        team=team, email="ada@example.com", role="editor", invited_by="boss"
    )


def revoke(client, row):
    action = {"action": "revoke", "_selected_action": [row.pk]}
    client.post(page(type(row)), action)
    row.refresh_from_db()
    return row.revoked_at is not None


def messages_on(reply) -> list[str]:
    return [str(message) for message in reply.context["messages"]]


def test_a_new_key_is_shown_once_on_the_page_itself_and_kept_nowhere():
    anna = make_staff(models=[ApiKey])
    client = signed_in(anna)
    form = {"team": anna.own_team.pk, "name": "CRM", "role": "editor"}
    reply = client.post(page(ApiKey, "add"), form)
    key = ApiKey.objects.get()
    assert (key.made_by, key.role) == ("anna", "editor")
    text = re.search(rf"{key.prefix}\.[\w-]{{43}}", reply.text)[0]
    assert client_with(text).get("/api/teams/").status_code == 200
    assert "no-store" in reply["Cache-Control"]
    secret = text.partition(".")[2]
    for kept in (reply.cookies, dict(client.session), LogEntry.objects.values()):
        assert secret not in str(kept)
    for address in (page(ApiKey), page(ApiKey, "change", key.pk), page(ApiKey, "add")):
        assert secret not in client.get(address).text


@pytest.mark.parametrize("model", MODELS)
def test_managers_see_and_revoke_those_of_their_teams(model):
    anna = make_staff(models=[model])
    mine, theirs = make_row(model, anna.own_team), make_row(model, make_user().own_team)
    client = signed_in(anna)
    assert client.get(page(model)).context["cl"].result_count == 1
    assert revoke(client, mine)
    assert not revoke(client, theirs)


@pytest.mark.parametrize("model", MODELS)
def test_members_who_manage_nothing_see_none(model):
    team = make_user().own_team
    row = make_row(model, team)
    client = signed_in(make_staff(team=team, models=[model], role="viewer"))
    assert client.get(page(model)).context["cl"].result_count == 0
    assert not revoke(client, row)


def test_who_manages_nothing_makes_no_key():
    team = make_user().own_team
    client = signed_in(make_staff(team=team, models=[ApiKey], role="viewer"))
    client.post(page(ApiKey, "add"), {"team": team.pk, "name": "CRM", "role": "viewer"})
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("model", MODELS)
def test_without_the_permission_to_delete_nothing_is_revoked(model):
    anna = make_staff(models=[model], actions=["view"])
    assert not revoke(signed_in(anna), make_row(model, anna.own_team))


@pytest.mark.parametrize("model", MODELS)
def test_nothing_of_it_is_changed(admin_client, model):
    row = make_row(model, make_user().own_team)
    assert admin_client.get(page(model, "change", row.pk)).status_code == 200
    reply = admin_client.post(page(model, "change", row.pk), {"role": "manager"})
    assert reply.status_code == 403
    row.refresh_from_db()
    assert row.role == "editor"


def test_the_digest_is_on_no_page(admin_client):
    for model in MODELS:
        row = make_row(model, make_user().own_team)
        assert row.digest not in admin_client.get(page(model, "change", row.pk)).text


@pytest.mark.parametrize("model", MODELS)
def test_lists_ask_the_same_number_of_questions_whatever_their_length(admin_client, model):
    costs = []
    for _ in range(2):
        for _ in range(5):
            make_row(model, make_user().own_team)
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(page(model)).status_code == 200
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_the_last_manager_stays_whichever_page_one_uses(admin_client, team):
    manager = team.memberships.get()
    row = {"id": manager.pk, "user": manager.user_id, "role": "viewer"}
    gone = row | {"role": "manager", "DELETE": "on"}
    posts = [
        (page(Membership, "change", manager.pk), {"role": "viewer"}),
        (page(Membership, "delete", manager.pk), {"post": "yes"}),
        (page(Membership), {"action": "delete_selected", "_selected_action": [manager.pk],
                            "post": "yes"}),
        (page(Team, "change", team.pk), inline("memberships", row, initial=1, name="X")),
        (page(Team, "change", team.pk), inline("memberships", gone, initial=1, name="X")),
    ]  # fmt: skip
    for address, form in posts:
        reply = admin_client.post(address, form, follow=True)
        assert "at least one manager" in messages_on(reply)[0], address
        manager.refresh_from_db()
        team.refresh_from_db()
        assert (manager.role, team.name) == ("manager", "Night shift")


def test_one_manager_follows_another_on_one_page(admin_client, team):
    manager = team.memberships.get()
    other = make_member(team, Role.VIEWER).memberships.get(team=team)
    rows = [{"id": manager.pk, "user": manager.user_id, "role": "viewer"},
            {"id": other.pk, "user": other.user_id, "role": "manager"}]  # fmt: skip
    form = inline("memberships", *rows, initial=2, name="Night shift")
    assert admin_client.post(page(Team, "change", team.pk), form).status_code == 302
    assert [row.role for row in team.memberships.order_by("pk")] == ["viewer", "manager"]


def test_nobodys_own_team_is_deleted(admin_client):
    team = make_user().own_team
    reply = admin_client.post(page(Team, "delete", team.pk), {"post": "yes"}, follow=True)
    assert "a team of their own" in messages_on(reply)[0]
    assert Team.objects.filter(pk=team.pk).exists()
    assert User.objects.filter(own_team=team).exists()


def test_a_team_goes_with_its_keys_and_invitations(admin_client, team):
    for model in MODELS:
        make_row(model, team)
    admin_client.post(page(Team, "delete", team.pk), {"post": "yes"})
    assert not Team.objects.filter(pk=team.pk).exists()
    assert not ApiKey.objects.exists()


def test_nobody_loses_their_own_team_whichever_page_one_uses():
    anna = make_staff(models=[Team, Membership])
    boss = make_user()
    own, mine = boss.own_team, boss.memberships.get()
    co_manager = Membership.objects.create(team=own, user=anna, role=Role.MANAGER)
    client = signed_in(anna)
    kept = {"id": co_manager.pk, "user": anna.pk, "role": "manager"}
    for lost in ({"role": "viewer"}, {"role": "manager", "DELETE": "on"}):
        rows = [{"id": mine.pk, "user": boss.pk, **lost}, kept]
        form = inline("memberships", *rows, initial=2, name="X")
        reply = client.post(page(Team, "change", own.pk), form, follow=True)
        assert "a team of their own" in messages_on(reply)[0]
        assert own.memberships.get(user=boss).role == "manager"
        assert Team.objects.get(pk=own.pk).name != "X"


def test_no_team_is_made_without_a_manager(admin_client):
    viewer = {"user": make_user().pk, "role": "viewer"}
    for rows in ([], [viewer]):
        form = inline("memberships", *rows, name="Night shift")
        reply = admin_client.post(page(Team, "add"), form, follow=True)
        assert "at least one manager" in messages_on(reply)[0]
        assert not Team.objects.filter(name="Night shift").exists()
    form = inline("memberships", viewer | {"role": "manager"}, name="Night shift")
    admin_client.post(page(Team, "add"), form)
    assert Membership.objects.filter(team__name="Night shift", role="manager").exists()


def test_a_team_that_has_lost_its_managers_is_saved_with_a_new_one_only(admin_client, team):
    team.memberships.all().delete()
    address = page(Team, "change", team.pk)
    reply = admin_client.post(address, inline("memberships", name="X"), follow=True)
    assert "at least one manager" in messages_on(reply)[0]
    row = {"user": make_user().pk, "role": "manager"}
    assert admin_client.post(address, inline("memberships", row, name="X")).status_code == 302
    assert Membership.objects.filter(team__name="X", role="manager").exists()


@pytest.mark.parametrize(("role", "name"), [(Role.EDITOR, "Night shift"), (Role.MANAGER, "Day")])
def test_managers_name_a_team_and_nobody_else(team, role, name):
    anna = make_staff(models=[Team, Membership])
    Membership.objects.create(team=team, user=anna, role=role)
    rows = [
        {"id": row.pk, "user": row.user_id, "role": row.role}
        for row in team.memberships.order_by("pk")
    ]
    form = inline("memberships", *rows, initial=2, name="Day")
    client = signed_in(anna)
    client.post(page(Team, "change", team.pk), form)
    team.refresh_from_db()
    assert team.name == name
    assert client.get(page(Team, "change", team.pk)).status_code == 200
    client.post(page(Team, "delete", team.pk), {"post": "yes"})
    assert Team.objects.filter(pk=team.pk).exists() is (role != Role.MANAGER)


@pytest.mark.parametrize("model", MODELS)
def test_the_history_tells_who_revoked_and_names_nobody(model):
    anna = make_staff(models=[model])
    row = make_row(model, anna.own_team)
    assert revoke(signed_in(anna), row)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (anna, str(row.pk), "Revoked.")
    assert entry.object_repr == f"{model._meta.verbose_name} {row.pk}"


@pytest.mark.parametrize("model", MODELS)
def test_revoking_asks_for_the_role_and_not_only_for_what_the_list_shows(model, monkeypatch):
    team = make_user().own_team
    client = signed_in(make_staff(team=team, models=[model], role="viewer"))
    row = make_row(model, team)
    monkeypatch.setattr(type(model.objects.all()), "of", lambda rows, user: rows.all())
    assert not revoke(client, row)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("model", MODELS)
def test_what_let_somebody_in_is_never_deleted(admin_client, model):
    row = make_row(model, make_user().own_team)
    assert admin_client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    admin_client.post(page(model), action)
    assert "delete_selected" not in admin_client.get(page(model)).text
    assert model.objects.filter(pk=row.pk).exists()


def test_without_the_permission_to_delete_members_no_team_goes():
    anna = make_staff(models=[Team])
    team = Team.objects.start(name="Night shift", manager=anna)
    signed_in(anna).post(page(Team, "delete", team.pk), {"post": "yes"})
    assert Team.objects.filter(pk=team.pk).exists()
