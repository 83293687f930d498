"""What the page of a contact tells of its openings, to whom, and what that costs."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.tests.staff import admin_client, make_staff, page, signed_in
from campaigns.models import Campaign, Contact
from campaigns.tests.factories import make_campaign, make_contact
from tracking.correct import correct_opening
from tracking.models import ContactOpenings, Opening, OpeningChange
from tracking.panels import timeline
from tracking.retention import forget_openings_before
from tracking.tests.opened import GMAIL, MACHINE, PERSON, open_pixel

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def two_days_later():
    with time_machine.travel(NOON + 2 * DAY, tick=False):
        yield


@pytest.fixture
def contact():
    """Of a mail with two pixels, sent at noon, in Auckland where that is after midnight."""
    campaign = make_campaign(time_zone="Pacific/Auckland", pixels_per_contact=2)
    sent = NOON + timedelta(minutes=1)
    return make_contact(campaign.groups.get(), scheduled_at=NOON, sent_at=sent)


def open_it(contact, after=HOUR, agent=PERSON, number=1):
    open_pixel(contact.pixels.get(number=number), NOON + after, agent)


def seen(client, contact) -> str:
    return client.get(page(Contact, "change", contact.pk)).text


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def events(html: str) -> list[str]:
    """Each day and each event of the timeline, in their order."""
    part = html.partition('<ol class="days">')[2].partition("</section>")[0]
    rows = re.findall(r"<h3>.*?</h3>|<li><time.*?</li>", part, re.DOTALL)
    return [text_of(row) for row in rows]


def test_openings_and_what_happened_to_the_mail_are_told_newest_first(admin_client, contact):
    open_it(contact, HOUR, MACHINE)
    open_it(contact, 14 * HOUR)
    open_it(contact, 14 * HOUR + timedelta(seconds=1), number=2)
    assert events(seen(admin_client, contact)) == [
        "Tue 3 March 2026",
        "15:00:01 Human A mail program or browser fetched it, as it does when somebody looks. "
        "Pixel 2 (bottom) · Thunderbird, Linux · same mail open",
        "15:00:00 Human A mail program or browser fetched it, as it does when somebody looks. "
        "Pixel 1 (top) · Thunderbird, Linux · new mail open",
        "02:00:00 Machine It looks like Apple Mail Privacy Protection, though it did not come by "
        "a known relay of Apple&#x27;s: perhaps nobody looked. "
        "Pixel 1 (top) · Apple Mail · new mail open",
        "01:01:00 The mail was sent.",
        "01:00:00 The mail was scheduled for this moment.",
    ]


def test_what_is_known_of_all_openings_stands_above(admin_client, contact):
    open_it(contact, HOUR, MACHINE)
    open_it(contact, 3 * HOUR, GMAIL)
    html = seen(admin_client, contact)
    told = dict(re.findall(r'<dt>([^<]*)</dt><dd class="value">([^<]*)</dd>', html))
    assert told == {
        "Mail opens": "2",
        "First opened": "2026-03-03 02:00",
        "First verified": "2026-03-03 04:00",
        "Last opened": "2026-03-03 04:00",
    }


def test_earlier_events_are_told_on_a_click(admin_client, contact, monkeypatch):
    monkeypatch.setattr(timeline, "AT_HAND", 2)
    open_it(contact)
    at_hand, details, earlier = seen(admin_client, contact).partition("<details><summary>1 earlier")
    assert details
    assert events(at_hand)[0] == events(earlier)[0] == "Tue 3 March 2026"
    assert events(at_hand)[2] == "01:01:00 The mail was sent."
    assert events(earlier)[1:] == ["01:00:00 The mail was scheduled for this moment."]


def test_every_time_is_told_with_its_zone(admin_client, contact):
    open_it(contact, HOUR, GMAIL)
    html = seen(admin_client, contact)
    notes = re.findall(r"\d\d:\d\d</dd><dd>([^<]*)</dd>", html)
    assert notes == ["proxy, Pacific/Auckland time"] * 2 + ["Pacific/Auckland time"]
    assert "Times are in Pacific/Auckland." in html
    labels = re.findall(r"([A-Z]\w+ at[^<]*):</label>", html)
    assert labels == ["Scheduled at (UTC)", "Sent at (UTC)", "Created at (UTC)"]


def test_a_reason_of_an_operators_rules_is_shown_as_it_is(admin_client, contact):
    open_it(contact)
    Opening.objects.update(reason="our-own-<b>")
    assert "our-own-&lt;b&gt;" in seen(admin_client, contact)


def test_who_corrected_an_opening_is_told_to_those_who_may_see_the_log(admin_client, contact):
    open_it(contact)
    correct_opening(Opening.objects.get().pk, "anna <a@b>", NOON + 2 * HOUR, "machine")
    [_, corrected, *_] = events(seen(admin_client, contact))
    assert "Machine Somebody corrected the verdict." in corrected
    assert "Corrected by anna &lt;a@b&gt; on 2026-03-05 01:00: it was human" in corrected
    assert "the time was another one" in corrected
    bob = make_staff("bob", contact.group.campaign.team, [Contact, Opening], ["view"])
    assert "Corrected by" not in seen(signed_in(bob), contact)
    carl = [Contact, Opening, OpeningChange]
    carl = make_staff("carl", contact.group.campaign.team, carl, ["view"])
    assert "Corrected by" in seen(signed_in(carl), contact)


def test_without_openings_it_says_why(admin_client, contact):
    assert "Not opened yet." in seen(admin_client, contact)
    for tracking, why in {
        "anonymous": "The campaign is anonymous: who opened is not known.",
        "off": "Not opened. Tracking is off: pixels answer, and nothing is counted.",
    }.items():
        Campaign.objects.update(tracking=tracking)
        html = seen(admin_client, contact)
        assert why in html
        assert events(html)[1:] == [
            "01:01:00 The mail was sent.",
            "01:00:00 The mail was scheduled for this moment.",
        ]


def test_an_erased_persons_figures_stay_and_nothing_is_offered_any_more(admin_client, contact):
    open_it(contact)
    contact.erase()
    html = seen(admin_client, contact)
    assert "This person was erased on 2026-03-05." in html  # in Auckland
    [_, erased, _, opened, *_] = events(html)
    assert erased.startswith("01:00:00 The person was erased")
    assert "The person was erased, and with them the reason. Pixel 1 (top) · new" in opened
    for gone in ("/preview/", "/sample/", "/erase/"):
        assert gone not in html


def test_of_many_openings_the_newest_are_shown_and_the_list_has_all(
    admin_client, contact, monkeypatch
):
    monkeypatch.setattr(timeline, "MOST", 2)
    for hours in (1, 3, 5):
        open_it(contact, hours * HOUR)
    html = seen(admin_client, contact)
    assert [event[:8] for event in events(html)[1:]] == [
        "06:00:00",
        "04:00:00",
        "01:01:00",
        "01:00:00",
    ]
    assert "The newest 2 are shown." in html
    assert "All openings of the contact</a>: 3 openings." in html
    [address] = re.findall(r'href="([^"]*contact__id__exact=[^"]*)"', html)
    open_it(make_contact())
    listed = admin_client.get(address).context["cl"].result_list
    assert [row.contact for row in listed] == [contact] * 3


def test_openings_that_are_not_kept_any_more_are_told_as_a_number(admin_client, contact):
    for hours in (1, 3, 25):
        open_it(contact, hours * HOUR)
    for _ in forget_openings_before(NOON + DAY):
        pass
    html = seen(admin_client, contact)
    assert "2 older openings no longer kept: only counted." in html
    assert "All openings of the contact</a>: 1 opening." in html


def test_whoever_may_not_see_openings_sees_no_timeline(contact):
    open_it(contact)
    team = contact.group.campaign.team
    html = seen(signed_in(make_staff("bob", team, [Contact], ["view"])), contact)
    assert "Mail opens" in html
    assert "Timeline" not in html
    assert "Thunderbird" not in html


def test_the_page_asks_the_same_number_of_questions_whatever_was_opened(
    admin_client, contact, django_assert_max_num_queries
):
    asked = []
    for hours in (1, 24):
        for hour in range(hours):
            open_it(contact, 2 * hour * HOUR, number=1 + hour % 2)
        with django_assert_max_num_queries(20) as captured:
            seen(admin_client, contact)
        asked.append(len(captured))
    assert asked[0] == asked[1]


def test_the_latest_openings_of_a_campaign_say_why(admin_client, contact):
    open_it(contact, agent=GMAIL)
    campaign = contact.group.campaign
    html = admin_client.get(page(Campaign, "change", campaign.pk)).text
    assert '<td class="why">Gmail&#x27;s image proxy</td>' in html


def test_a_contact_whose_counts_have_drifted_away_has_a_page(admin_client, contact):
    open_it(contact)
    ContactOpenings.objects.all().delete()
    assert "All openings of the contact</a>." in seen(admin_client, contact)


def test_an_opening_whose_pixel_is_not_known_is_told_without_it(admin_client, contact):
    open_it(contact)
    Opening.objects.update(pixel=None)
    assert "Pixel not known" in seen(admin_client, contact)
