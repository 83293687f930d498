"""What can be done with a campaign from its page, by whom, and what is said before and after."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.tests.staff import admin_client, make_staff, page, said, signed_in
from campaigns.admin.campaign_verbs import CampaignVerbs
from campaigns.models import Campaign, Contact, Group, Pixel
from campaigns.tests.factories import make_campaign, make_contact
from tracking.models import CampaignDecision, Opening
from tracking.tests.opened import MACHINE, PERSON, open_pixel

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MODELS = (Campaign, Group, Contact, Pixel, Opening)
VERBS = ("export", "decide", "duplicate", "reopen", "close")


@pytest.fixture(autouse=True)
def at_two():
    with time_machine.travel(NOON + 2 * HOUR, tick=False):
        yield


@pytest.fixture
def campaign():
    """Of A a person opened and somebody did not; of B a machine did; one of A is due tomorrow."""
    made = make_campaign(group_names=["A", "B"], time_zone="Europe/Berlin", name="Autumn")
    a, b = made.groups.order_by("pk")
    for group, email, agent in ((a, "ada", PERSON), (b, "bob", MACHINE), (a, "cleo", None)):
        contact = make_contact(group, email=f"{email}@example.com", scheduled_at=NOON)
        if agent:
            open_pixel(contact.pixels.first(), NOON + HOUR, agent)
    make_contact(a, email="dan@example.com", scheduled_at=NOON + 24 * HOUR)
    return made


def address(campaign, verb) -> str:
    return page(Campaign, verb, campaign.pk)


def history(campaign) -> list[str]:
    lines = LogEntry.objects.filter(object_id=str(campaign.pk)).order_by("pk")
    return [line.get_change_message() for line in lines]


def export(client, campaign, table, **options) -> list[dict]:
    form = {"table": table, "kind": "csv"} | options
    reply = client.post(address(campaign, "export"), form)
    assert reply.status_code == 200, said(reply)
    assert "attachment" in reply["Content-Disposition"], reply.text
    text = b"".join(reply.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def names(rows) -> list[str]:
    return [row["email"].split("@")[0] for row in rows]


# -- Export ------------------------------------------------------------------------------------
def test_who_opened_and_who_did_not_is_taken_away(admin_client, campaign):
    group = campaign.groups.get(name="A")
    assert names(export(admin_client, campaign, "openers")) == ["ada", "bob"]
    assert names(export(admin_client, campaign, "openers", verified="on")) == ["ada"]
    assert names(export(admin_client, campaign, "openers", group=group.pk)) == ["ada"]
    assert names(export(admin_client, campaign, "non-openers")) == ["cleo"]
    rows = export(admin_client, campaign, "non-openers", verified="on")
    assert {row["email"][:3]: row["machine_only"] for row in rows} == {
        "cle": "false",
        "bob": "true",
    }
    assert history(campaign) == [
        "Exported: openers.",
        "Exported: openers, verified only.",
        "Exported: openers, group A.",
        "Exported: non-openers.",
        "Exported: non-openers, verified only.",
    ]


def test_openings_and_the_merge_file_are_taken_away(admin_client, campaign):
    openings = export(admin_client, campaign, "openings")
    assert {row["event_id"] for row in openings} == {
        str(each) for each in Opening.objects.values_list("event_id", flat=True)
    }
    rows = export(admin_client, campaign, "pixels")
    assert names(rows) == ["ada", "cleo", "dan", "bob"]
    assert all(row["pixel_1_url"] in row["pixel_1_html"] for row in rows)


def test_a_file_is_named_after_what_it_holds(admin_client, campaign):
    group = campaign.groups.get(name="B")
    form = {"table": "openers", "kind": "jsonl", "group": group.pk}
    reply = admin_client.post(address(campaign, "export"), form)
    assert 'filename="Autumn-B-openers.jsonl"' in reply["Content-Disposition"]
    assert b'"email": "bob@example.com"' in b"".join(reply.streaming_content)
    assert "no-store" in reply["Cache-Control"]


@pytest.mark.parametrize("tracking", ["anonymous", "off"])
def test_where_nobody_knows_who_opened_it_says_so(admin_client, campaign, tracking):
    Campaign.objects.filter(pk=campaign.pk).update(tracking=tracking)
    form = {"table": "non-openers", "kind": "csv"}
    reply = admin_client.post(address(campaign, "export"), form)
    assert reply.url == address(campaign, "export")
    assert "This campaign does not record who opens" in admin_client.get(reply.url).text
    assert history(campaign) == []


def test_a_group_of_another_campaign_is_none(admin_client, campaign):
    form = {"table": "openers", "kind": "csv", "group": make_campaign().groups.get().pk}
    reply = admin_client.post(address(campaign, "export"), form)
    assert "Select a valid choice" in reply.text
    assert history(campaign) == []


def test_only_what_one_may_see_is_exported(campaign):
    anna = signed_in(make_staff(team=campaign.team, models=[Campaign]))
    assert anna.get(address(campaign, "export")).status_code == 403
    both = make_staff("bea", campaign.team, [Campaign, Contact, Pixel], ["view"])
    html = signed_in(both).get(address(campaign, "export")).text
    assert 'value="pixels"' in html
    assert 'value="openers"' not in html
    reply = signed_in(both).post(address(campaign, "export"), {"table": "openers", "kind": "csv"})
    assert "Select a valid choice" in reply.text


# -- Close and reopen --------------------------------------------------------------------------
def test_it_is_closed_after_a_question_that_says_what_is_lost(admin_client, campaign):
    html = admin_client.get(address(campaign, "close")).text
    assert "Close “Autumn”, with 4 contacts?" in html
    assert "Scheduled for later: 1 contact, of whom" in html
    assert "Counted so far: 2 openings." in html
    campaign.refresh_from_db()
    assert campaign.closed_at is None
    reply = admin_client.post(address(campaign, "close"), follow=True)
    assert "The campaign is closed" in reply.text
    campaign.refresh_from_db()
    assert campaign.closed_at == NOON + 2 * HOUR
    assert history(campaign) == ["Closed."]


def test_what_somebody_closed_is_not_closed_later(admin_client, campaign):
    campaign.close(NOON)
    reply = admin_client.post(address(campaign, "close"))
    assert "somebody has done it already" in said(reply)
    campaign.refresh_from_db()
    assert campaign.closed_at == NOON
    assert history(campaign) == []


def test_it_is_reopened_and_then_counts_again(admin_client, campaign):
    html = admin_client.get(page(Campaign, "change", campaign.pk)).text
    assert address(campaign, "reopen") not in html
    campaign.close(NOON)
    html = admin_client.get(page(Campaign, "change", campaign.pk)).text
    assert address(campaign, "close") not in html
    assert "2026-03-02 13:00 (Europe/Berlin)" in admin_client.get(address(campaign, "reopen")).text
    admin_client.post(address(campaign, "reopen"))
    campaign.refresh_from_db()
    assert campaign.closed_at is None
    contact = Contact.objects.get(email="cleo@example.com")
    before = Opening.objects.count()
    open_pixel(contact.pixels.first(), NOON + HOUR)
    assert Opening.objects.count() == before + 1
    assert history(campaign) == ["Reopened."]


# -- Duplicate ---------------------------------------------------------------------------------
def test_a_copy_has_the_settings_and_the_groups_and_nothing_else(admin_client, campaign):
    campaign.groups.get(name="B").make_control()
    campaign.close()
    CampaignDecision.objects.note("anna", campaign, campaign.groups.first(), {})
    assert 'value="Autumn (copy)"' in admin_client.get(address(campaign, "duplicate")).text
    reply = admin_client.post(address(campaign, "duplicate"), {"name": "Winter"})
    copy = Campaign.objects.get(name="Winter")
    assert reply.url == page(Campaign, "change", copy.pk)
    assert (copy.team, copy.time_zone, copy.tracking, copy.pixels_per_contact) == (
        campaign.team,
        "Europe/Berlin",
        campaign.tracking,
        campaign.pixels_per_contact,
    )
    assert copy.closed_at is None
    assert list(copy.groups.order_by("pk").values_list("name", "is_control")) == [
        ("A", False),
        ("B", True),
    ]
    assert not Contact.objects.filter(group__campaign=copy).exists()
    assert not copy.decisions.exists()
    assert history(copy) == ["Duplicated from “Autumn”."]


@pytest.mark.parametrize("name", ["Autumn", "autumn", ""])
def test_a_copy_needs_a_name_that_is_free(admin_client, campaign, name):
    reply = admin_client.post(address(campaign, "duplicate"), {"name": name})
    assert reply.status_code == 200
    assert "errorlist" in reply.text
    assert Campaign.objects.count() == 1


def test_names_of_copies_are_free_and_not_too_long(admin_client, campaign):
    Campaign.objects.create(team=campaign.team, name="autumn (COPY)")
    assert 'value="Autumn (copy 2)"' in admin_client.get(address(campaign, "duplicate")).text
    long = make_campaign(team=campaign.team, name="x" * 200)
    html = admin_client.get(address(long, "duplicate")).text
    name = html.partition('name="name" value="')[2].partition('"')[0]
    assert name.endswith("x (copy)")
    assert admin_client.post(address(long, "duplicate"), {"name": name}).status_code == 302


def test_who_may_not_add_campaigns_duplicates_none(campaign):
    anna = make_staff(team=campaign.team, models=[Campaign], actions=["view", "change"])
    assert signed_in(anna).get(address(campaign, "duplicate")).status_code == 403


# -- Decide ------------------------------------------------------------------------------------
def test_the_winner_is_chosen_with_the_figures_before_ones_eyes(admin_client, campaign):
    html = admin_client.get(address(campaign, "decide")).text
    assert "Too early to tell “B” from “A”" in html
    assert "The figures don’t show a winner." in html  # noqa: RUF001
    assert "A (control)" in html
    group = campaign.groups.get(name="B")
    form = {"group": group.pk, "remark": "it is bolder"}
    reply = admin_client.post(address(campaign, "decide"), form, follow=True)
    assert "“B” was chosen by admin on 2026-03-02 15:00, “it is bolder”." in reply.text
    decision = CampaignDecision.objects.get()
    assert (decision.group, decision.by, decision.remark) == (group, "admin", "it is bolder")
    assert [each["name"] for each in decision.figures["groups"]] == ["A", "B"]
    assert history(campaign) == ["Decided: B."]
    assert "Decided so far: “B”" in admin_client.get(address(campaign, "decide")).text


def test_nothing_is_decided_without_a_group_of_the_campaign(admin_client, campaign):
    other = make_campaign().groups.get()
    for form in (
        {},
        {"group": other.pk},
        {"group": campaign.groups.first().pk, "remark": "x" * 256},
    ):
        reply = admin_client.post(address(campaign, "decide"), form)
        assert "errorlist" in reply.text
    assert not CampaignDecision.objects.exists()


# -- Whoever asks ------------------------------------------------------------------------------
@pytest.mark.parametrize("verb", VERBS)
def test_nobody_is_made_to_do_it_by_another_site(campaign, verb):
    campaign.close(NOON)
    if verb == "close":
        campaign.reopen()
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_staff("anna", campaign.team, MODELS))
    assert client.get(address(campaign, verb)).status_code == 200
    form = {"table": "openers", "kind": "csv", "name": "x", "group": campaign.groups.first().pk}
    assert client.post(address(campaign, verb), form).status_code == 403
    assert client.put(address(campaign, verb)).status_code in (403, 405)


@pytest.mark.parametrize("verb", VERBS)
def test_names_can_break_nothing(admin_client, verb):
    campaign = make_campaign(name="<script>x</script>", group_names=["<b>A", "B"])
    campaign.close(NOON)
    if verb == "close":
        campaign.reopen()
    html = admin_client.get(address(campaign, verb)).text
    assert "<script>x" not in html
    assert "<b>A" not in html


@pytest.mark.parametrize("verb", VERBS)
def test_pages_cost_the_same_however_much_there_is(
    admin_client, campaign, django_assert_max_num_queries, verb
):
    campaign.close(NOON)
    if verb == "close":
        campaign.reopen()
    for number in range(3):
        make_campaign(team=campaign.team, name=f"Autumn (copy {number})")
        make_contact(campaign.groups.first(), scheduled_at=NOON)
        with django_assert_max_num_queries(22):
            assert admin_client.get(address(campaign, verb)).status_code == 200


# -- Somebody else is at it ------------------------------------------------------------------------
@pytest.mark.parametrize("verb", ["close", "reopen", "duplicate", "decide"])
def test_what_is_done_with_a_campaign_that_was_deleted_meanwhile_says_so(
    admin_client, campaign, monkeypatch, verb
):
    if verb == "reopen":
        campaign.close()
    do = CampaignVerbs.do

    def late(*args):
        Campaign.objects.get(pk=campaign.pk).remove()
        return do(*args)

    monkeypatch.setattr(CampaignVerbs, "do", late)
    form = {"name": "Copy", "group": campaign.groups.first().pk}
    reply = admin_client.post(address(campaign, verb), form)
    assert (reply.status_code, reply.url) == (302, page(Campaign))
    assert said(reply) == "Nothing was done: somebody has deleted it meanwhile."
    assert not Campaign.objects.exists()
    assert not CampaignDecision.objects.exists()
