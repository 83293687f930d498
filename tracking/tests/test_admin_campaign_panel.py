"""The figures on a campaign's page: what they are is tested with the statistics; here is what is
shown of them, to whom, and what that costs."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine

from accounts.models import User
from accounts.tests.staff import admin_client, make_staff, page, signed_in
from campaigns.models import Campaign, Contact
from campaigns.tests.factories import make_campaign, make_contact
from tracking.models import CampaignDecision, CountedDay, Opening
from tracking.panels import shared
from tracking.tests.opened import GMAIL, MACHINE, PERSON, open_pixel

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def at_two():
    with time_machine.travel(NOON + 2 * HOUR, tick=False):
        yield


@pytest.fixture
def campaign():
    """Two groups of four contacts each, due since noon. Of A a person and a machine have opened,
    of B two people and Gmail."""
    made = make_campaign(group_names=["A", "B"], time_zone="Europe/Berlin", pixels_per_contact=2)
    a, b = made.groups.order_by("pk")
    for group, agents in ((a, [PERSON, MACHINE]), (b, [PERSON, PERSON, GMAIL])):
        contacts = [make_contact(group, scheduled_at=NOON) for _ in range(4)]
        for place, agent in enumerate(agents):
            pixel = contacts[place].pixels.get(number=1)
            open_pixel(pixel, NOON + (place + 1) * 20 * MINUTE, agent)
    return made


def address(campaign, what="change", *more) -> str:
    return page(Campaign, what, campaign.pk, *more)


def text_of(html: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def tiles(html: str) -> dict[str, str]:
    return dict(re.findall(r'<dt>([^<]*)</dt><dd class="value">([^<]*)</dd>', html))


def table(html: str, name: str) -> list[list[str]]:
    body = html.partition(f'id="table-{name}"')[2].partition("</table>")[0]
    rows = body.partition("<tbody>")[2].split("</tr>")[:-1]
    return [re.findall(r"<t[hd][^>]*>([^<]*)", row) for row in rows]


def file_of(client, campaign, name: str) -> list[list[str]]:
    reply = client.get(address(campaign, "file", name))
    assert reply.status_code == 200
    text = b"".join(reply.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_page_tells_who_opened(admin_client, campaign):
    html = admin_client.get(address(campaign)).text
    assert tiles(html) == {
        "Open rate": "50.0 %",
        "Opened": "4",
        "Due": "8",
        "Mail opens": "4",
        "Only by machines": "1",
    }
    assert table(html, "groups") == [
        ["A (control)", "4", "4", "1", "25.0 %", "4.6 %", "69.9 %", "1", "1"],
        ["B", "4", "4", "3", "75.0 %", "30.1 %", "95.4 %", "3", "3"],
    ]
    assert "Too early to tell “B” from “A”: about " in text_of(html)
    assert "Settings and groups" in html


def test_raw_or_verified_stays_as_chosen_on_every_page(admin_client, campaign):
    reply = admin_client.get(address(campaign), {"figures": "raw"})
    assert reply.url == address(campaign)  # or the address would undo the next choice
    assert tiles(admin_client.get(address(campaign)).text)["Open rate"] == "62.5 %"
    assert "62.5 %" in admin_client.get("/admin/").text
    assert tiles(admin_client.get(address(campaign, "live")).text)["Opened"] == "5"
    reply = admin_client.get("/admin/", {"figures": "verified"})
    assert reply.url == "/admin/"
    assert "50.0 %" in admin_client.get("/admin/").text
    assert tiles(admin_client.get(address(campaign)).text)["Open rate"] == "50.0 %"


def test_a_choice_that_there_is_not_changes_nothing(admin_client, campaign):
    reply = admin_client.get(address(campaign), {"figures": "guessed"})
    assert reply.status_code == 200
    admin_client.cookies["figures"] = "guessed"
    assert tiles(admin_client.get(address(campaign)).text)["Opened"] == "4"


def test_openings_over_time_are_told_by_verdict_and_in_the_zone_of_the_campaign(
    admin_client, campaign
):
    admin_client.get(address(campaign), {"figures": "raw"})
    html = admin_client.get(address(campaign)).text
    assert table(html, "over-time") == [
        ["2026-03-02 13:15", "2", "0", "0", "2", "0", "0"],
        ["2026-03-02 13:30", "1", "0", "1", "1", "0", "1"],
        ["2026-03-02 14:00", "0", "1", "0", "0", "1", "0"],
    ]
    assert "By quarter of an hour, Europe/Berlin time." in html
    assert html.count("<title>2026-03-02 13:15: 2 by people</title>") == 1
    monday = table(html, "week")[0]
    assert (monday[0], monday[14], monday[15]) == ("Monday", "4", "1")


def test_every_figure_can_be_taken_away(admin_client, campaign):
    html = admin_client.get(address(campaign)).text
    names = re.findall(r'id="figure-([a-z-]+)"', html)
    assert names == ["groups", "over-time", "time-to-open", "week", "rendering", "clients"]
    for name in names:
        assert f'href="{address(campaign, "file", name)}"' in html
        head, *rows = file_of(admin_client, campaign, name)
        assert len(rows) == len(table(html, name)) > 0
        assert all(len(row) == len(head) for row in rows)
    head, first, *_ = file_of(admin_client, campaign, "groups")
    assert dict(zip(head, first, strict=True))["open rate"] == "0.25"
    assert file_of(admin_client, campaign, "over-time")[1][0] == "2026-03-02T12:15:00Z"
    assert admin_client.get(address(campaign, "file", "nothing")).status_code == 404


def test_no_figure_stands_beside_an_empty_half(admin_client, campaign):
    """Two beside the tall one, and all others as wide as the page."""
    figures = r'<section class="figure([^"]*)" aria-labelledby="figure-([\w-]+)"'
    kinds = {
        name: kind for kind, name in re.findall(figures, admin_client.get(address(campaign)).text)
    }
    assert list(kinds)[:4] == ["groups", "over-time", "time-to-open", "week"]
    assert kinds["time-to-open"] == " tall"
    assert sorted(kinds.values())[:2] == ["", ""]
    assert set(sorted(kinds.values())[2:]) == {" tall", " wide"}


def test_how_long_mails_waited_is_told_by_group(admin_client, campaign):
    html = admin_client.get(address(campaign)).text
    part = html.partition('id="figure-time-to-open"')[2].partition("</section>")[0]
    rows = re.findall(r"<dt>([^<]*)</dt>.*?<b>([^<]*)</b>", part)
    assert [name for name, _ in rows] == ["A (control)", "B"]
    assert "Half of those who opened did within" in part


def test_how_long_mails_waited_is_drawn_as_bars_of_each_group(admin_client, campaign):
    """A's person opened after 20 minutes, B's after 20 and 40 of them and Gmail after an hour. A
    bar ends at 1.26 (10 ** 0.1) times where it begins."""
    html = admin_client.get(address(campaign)).text
    part = html.partition('id="figure-time-to-open"')[2].partition("</section>")[0]
    bars = re.findall(r"<title>([^<]*)</title>(.*?)</g>", part)
    assert [(said, re.findall(r'rect class="([^"]*)"', drawn)) for said, drawn in bars] == [
        ("16 min 40 s to 20 min 59 s: 2 contacts (A (control): 1, B: 1)", ["group-1", "group-2"]),
        ("33 min 15 s to 41 min 52 s: 1 contact (B: 1)", ["group-2"]),
        ("52 min 42 s to 1 h 6 min: 1 contact (B: 1)", ["group-2"]),
    ]
    assert '<i class="group-2"></i>B</li>' in part
    head, *rows = file_of(admin_client, campaign, "time-to-open")
    assert head[3:] == ["A (control)", "B"]
    assert [row[2:] for row in rows] == [["2", "1", "1"], ["1", "0", "1"], ["1", "0", "1"]]


def test_bars_of_many_buckets_and_groups_lose_nobody(admin_client):
    campaign = make_campaign(group_names=list("ABCDEF"))
    for place, group in enumerate(campaign.groups.order_by("pk")):
        for seconds in (0, 7 * 10**place):
            contact = make_contact(group, scheduled_at=NOON - timedelta(days=30))
            open_pixel(contact.pixels.first(), NOON - timedelta(days=30, seconds=-seconds))
    html = admin_client.get(address(campaign)).text
    part = html.partition('id="figure-time-to-open"')[2].partition("</section>")[0]
    told = re.findall(r"<title>[^<]*: (\d+) contacts? \(", part)
    assert sum(map(int, told)) == 12
    assert part.count("<g><title>") <= 40
    assert '<i class="group-1"></i>A (control), E</li>' in part


@pytest.mark.parametrize("days", [0, 1, 40, 800])
def test_all_delays_have_their_place_on_the_scale(admin_client, days):
    campaign = make_campaign()
    for seconds in (0, 2, 3_000):
        contact = make_contact(campaign.groups.get(), scheduled_at=NOON - timedelta(days=days))
        open_pixel(contact.pixels.first(), NOON + timedelta(seconds=seconds))
    html = admin_client.get(address(campaign)).text
    part = html.partition('id="figure-time-to-open"')[2].partition("</section>")[0]
    places = [float(each) for each in re.findall(r'(?:x|x1|x2|cx)="([0-9.-]+)%"', part)]
    assert places
    assert 0 <= min(places) <= max(places) <= 100


def test_what_is_live_is_the_same_piece_of_the_page(admin_client, campaign):
    html = admin_client.get(address(campaign)).text
    live = admin_client.get(address(campaign, "live")).text
    assert live.strip() in html
    assert f'data-live="{address(campaign, "live")}"' in html


def test_as_long_as_nothing_is_new_nothing_is_sent(admin_client, campaign):
    html = admin_client.get(address(campaign)).text
    tag = re.search('data-live-tag="(.*?)">', html)[1].replace("&quot;", '"')

    def ask(**headers):
        return admin_client.get(address(campaign, "live"), headers={"If-None-Match": tag} | headers)

    assert ask().status_code == 304
    assert ask().content == b""
    group = campaign.groups.order_by("pk").first()
    open_pixel(group.contacts.last().pixels.first(), NOON + HOUR)
    fresh = ask()
    assert fresh.status_code == 200
    assert tiles(fresh.text)["Opened"] == "5"
    tag = fresh["ETag"]
    assert ask().status_code == 304
    with time_machine.travel(NOON + 2 * HOUR + MINUTE, tick=False):  # others may be due by now
        assert ask().status_code == 200


@pytest.fixture
def looks(campaign):
    """How many have opened, as somebody is told who asks for what is new; and its ETag."""

    def look(client, seen: str) -> tuple[str, str]:
        reply = client.get(address(campaign, "live"), headers={"If-None-Match": seen})
        return tiles(reply.text)["Opened"], reply["ETag"]

    return look


def open_one_more(campaign):
    contact = make_contact(campaign.groups.first(), scheduled_at=NOON)
    open_pixel(contact.pixels.first(), NOON + HOUR)


def test_what_one_is_shown_is_shown_to_others_who_look_in_the_same_second(
    admin_client, campaign, looks, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(shared, "AGE_S", 60)
    other = signed_in(User.objects.create_superuser("other"))
    opened, first = looks(admin_client, '"older"')
    assert opened == "4"
    open_one_more(campaign)
    assert looks(other, 'W/"older"') == ("4", first)
    opened, second = looks(admin_client, f"W/{first}")  # nobody is shown the same twice
    assert (opened, second != first) == ("5", True)
    with django_assert_max_num_queries(8):
        assert looks(other, first) == ("5", second)
    open_one_more(campaign)
    assert tiles(other.get(address(campaign, "live")).text)["Opened"] == "6"  # knows none


def test_what_was_shown_a_second_ago_is_made_anew(admin_client, campaign, looks, monkeypatch):
    monkeypatch.setattr(shared, "AGE_S", 0)
    _, first = looks(admin_client, '"older"')
    open_one_more(campaign)
    opened, second = looks(admin_client, '"older"')
    assert (opened, second != first) == ("5", True)


def test_nobody_is_shown_what_only_another_may_see(admin_client, campaign, monkeypatch):
    monkeypatch.setattr(shared, "AGE_S", 60)
    seen = {"headers": {"If-None-Match": '"older"'}}
    assert "Latest openings" in admin_client.get(address(campaign, "live"), **seen).text
    anna = signed_in(make_staff(team=campaign.team, models=[Campaign]))
    assert "Latest openings" not in anna.get(address(campaign, "live"), **seen).text
    stranger = signed_in(make_staff("stranger", models=[Campaign]))
    assert stranger.get(address(campaign, "live"), **seen).status_code in (302, 404)
    admin_client.cookies["figures"] = "raw"
    raw = admin_client.get(address(campaign, "live"), **seen)
    assert tiles(raw.text)["Opened"] == "5"


@pytest.mark.parametrize(
    "change",
    [
        lambda campaign: make_contact(campaign.groups.first(), scheduled_at=NOON),
        lambda campaign: Campaign.objects.filter(pk=campaign.pk).update(time_zone="Asia/Tokyo"),
        lambda campaign: campaign.groups.order_by("pk").last().make_control(),
        lambda campaign: campaign.close(),
        lambda campaign: CampaignDecision.objects.note("x", campaign, campaign.groups.first(), {}),
        lambda campaign: Opening.objects.last().contact.remove(),
    ],
    ids=["contact", "zone", "control", "closed", "decided", "removed"],
)
def test_whatever_else_is_shown_has_another_tag(admin_client, campaign, change):
    tag = admin_client.get(address(campaign, "live"))["ETag"]
    change(campaign)
    reply = admin_client.get(address(campaign, "live"), headers={"If-None-Match": tag})
    assert reply.status_code == 200


def test_where_no_stamp_says_what_is_counted_there_is_no_tag(admin_client, campaign):
    CountedDay.objects.update(stamp=0)
    assert "ETag" not in admin_client.get(address(campaign, "live"))


def test_the_latest_openings_come_first(admin_client, campaign):
    html = admin_client.get(address(campaign)).text
    rows = html.partition('id="latest-openings"')[2].partition("</tbody>")[0].split("<tr>")[2:]
    told = [text_of(row.replace("<wbr>@", "@")) for row in rows]
    newest = Opening.objects.order_by("-pk").first()
    assert told[0] == f"2026-03-02 14:00:00 {newest.contact} B proxy Gmail's image proxy Gmail"
    assert len(told) == 5
    assert all("<wbr>@" in row for row in rows)  # no other place to break an address


def test_who_may_not_see_contacts_sees_no_addresses(campaign):
    anna = make_staff(team=campaign.team, models=[Campaign])
    html = signed_in(anna).get(address(campaign)).text
    assert tiles(html)["Opened"] == "4"
    assert "@example.com" not in html.replace("name@example.com", "")
    bob = make_staff("bob", team=campaign.team, models=[Campaign, Contact, Opening])
    assert "Latest openings" in signed_in(bob).get(address(campaign)).text


@pytest.mark.parametrize("what", [("change",), ("live",), ("file", "groups")])
def test_others_see_nothing_of_it(campaign, what):
    name, *more = what
    stranger = signed_in(make_staff("stranger", models=[Campaign]))
    reply = stranger.get(address(campaign, name, *more))
    assert reply.status_code in (302, 404)
    assert "A (control)" not in reply.text
    unable = signed_in(make_staff("unable", team=campaign.team))
    assert unable.get(address(campaign, name, *more)).status_code == 403


def test_an_anonymous_campaign_tells_how_often_and_not_who(admin_client):
    campaign = make_campaign(tracking="anonymous", group_names=["A", "B"])
    contact = make_contact(campaign.groups.first(), scheduled_at=NOON)
    open_pixel(contact.pixels.first(), NOON + HOUR)
    html = admin_client.get(address(campaign)).text
    assert tiles(html)["Open rate"] == "–"  # noqa: RUF001
    assert tiles(html)["Mail opens"] == "1"
    assert "The campaign is anonymous" in html
    assert contact.email not in html.replace("<wbr>", "")
    assert "<svg" in html.partition('id="figure-over-time"')[2]


def test_before_there_is_anything_it_says_what_is_missing(admin_client):
    campaign = make_campaign()
    text = text_of(admin_client.get(address(campaign)).text)
    assert "There are no contacts yet." in text
    contact = make_contact(campaign.groups.get(), scheduled_at=NOON + 5 * HOUR)
    text = text_of(admin_client.get(address(campaign)).text)
    assert "No mail is due yet." in text
    with time_machine.travel(NOON + 6 * HOUR, tick=False):
        assert "Nothing was opened yet." in text_of(admin_client.get(address(campaign)).text)
        open_pixel(contact.pixels.first(), NOON + 6 * HOUR)
        campaign.close()
        assert "The campaign is closed" in text_of(admin_client.get(address(campaign)).text)


def test_what_was_decided_is_shown(admin_client, campaign):
    group = campaign.groups.get(name="B")
    CampaignDecision.objects.note("anna", campaign, group, {}, "it is bolder")
    text = text_of(admin_client.get(address(campaign)).text)
    assert "“B” was chosen by anna on 2026-03-02 15:00, “it is bolder”." in text


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
def test_the_page_asks_the_same_number_of_questions_however_much_was_opened(
    admin_client, campaign, django_assert_max_num_queries, zone
):
    Campaign.objects.filter(pk=campaign.pk).update(time_zone=zone)
    for days in range(3):
        with django_assert_max_num_queries(38) as captured:
            admin_client.get(address(campaign))
        with django_assert_max_num_queries(28):
            admin_client.get(address(campaign, "live"))
        for group in campaign.groups.all():
            contact = make_contact(group, scheduled_at=NOON)
            for number in range(5 * days):
                open_pixel(contact.pixels.first(), NOON - (number * 5) * HOUR)
    sql = [query["sql"].replace('"', "").replace("`", "") for query in captured]
    scans = [each for each in sql if "FROM tracking_opening " in each and "LIMIT 20" not in each]
    assert [each for each in scans if " IN (" not in each] == []


def test_nothing_new_costs_little(admin_client, campaign, django_assert_max_num_queries):
    tag = admin_client.get(address(campaign, "live"))["ETag"]
    with django_assert_max_num_queries(9):
        admin_client.get(address(campaign, "live"), headers={"If-None-Match": tag})


def test_names_can_break_nothing(admin_client):
    campaign = make_campaign(group_names=['<b>"A"</b>', "<script>B</script>"])
    contact = make_contact(campaign.groups.first(), scheduled_at=NOON)
    open_pixel(contact.pixels.first(), NOON + HOUR)
    html = admin_client.get(address(campaign, "live")).text
    assert "<script>" not in html
    assert "<b>&quot;" not in html
    assert "&lt;script&gt;B" in html
