"""Campaigns of the list are closed and reopened together."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.staff import admin_client, make_staff, page, said, signed_in
from campaigns.models import Campaign, Group
from campaigns.tests.factories import make_campaign, make_contact

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db


def post(client, action, campaigns, **more):
    selected = [each.pk for each in campaigns]
    return client.post(page(Campaign), {"action": action, "_selected_action": selected} | more)


def closed() -> list[str]:
    return sorted(each.name for each in Campaign.objects.exclude(closed_at=None))


def test_several_are_closed_after_a_page_that_names_them_and_reopened(admin_client):
    one, two, shut = (make_campaign(name=name) for name in ("One", "Two", "Shut"))
    make_contact(one.groups.get())
    shut.close()
    asked = post(admin_client, "close", [one, two, shut]).text
    assert "“One”, with 1 contact" in asked
    assert "These openings are lost" in asked
    assert "not for you to do: “Shut”" in asked
    assert closed() == ["Shut"]
    reply = post(admin_client, "close", [one, two, shut], post="yes")
    assert said(reply) == "Close: 2 of 3 selected campaigns."
    assert closed() == ["One", "Shut", "Two"]
    assert LogEntry.objects.filter(change_message="Closed.").count() == 2
    post(admin_client, "reopen", [one, shut], post="yes")
    assert closed() == ["Two"]


def test_roles_decide_as_on_the_page_of_each():
    mine, seen, theirs = make_campaign(name="Mine"), make_campaign(name="Seen"), make_campaign()
    editor = make_staff("ed", mine.team, [Campaign, Group], role="editor")
    seen.team.memberships.create(user=editor, role="viewer")
    client = signed_in(editor)
    asked = post(client, "close", [mine, seen, theirs]).text
    assert "not for you to do: “Seen”" in asked
    assert theirs.name not in asked
    post(client, "close", [mine, seen, theirs], post="yes")
    assert closed() == ["Mine"]
    looks = make_staff("looks", mine.team, [Campaign], ["view"], role="manager")
    assert "Reopen selected" not in signed_in(looks).get(page(Campaign)).text
    post(signed_in(looks), "reopen", [mine], post="yes")
    assert closed() == ["Mine"]


def test_the_page_asks_no_more_questions_for_more_campaigns(admin_client):
    def queries(number):
        campaigns = [make_campaign() for _ in range(number)]
        with CaptureQueriesContext(connection) as asked:
            post(admin_client, "close", campaigns)
        return len(asked)

    queries(1)
    assert queries(2) == queries(6)


def test_too_many_at_once_are_refused(admin_client, monkeypatch):
    monkeypatch.setattr("campaigns.admin.campaign.CampaignAdmin.MOST_OF_THEM", 1)
    reply = post(admin_client, "close", [make_campaign(), make_campaign()], post="yes")
    assert said(reply) == "Select 1 campaigns at most."
    assert closed() == []
