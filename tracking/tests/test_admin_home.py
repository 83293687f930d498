"""Home: what is running, for whom, and what is wrong."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from prometheus_client.core import GaugeMetricFamily
from redis import RedisError

from accounts.tests.staff import admin_client, make_staff, page, signed_in
from campaigns.models import Campaign, ContactImport
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.importing import send
from tracking.models import CountedDay, QuarantinedHit
from tracking.panels import trouble
from tracking.tests.opened import MACHINE, open_pixel

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SECOND = timedelta(seconds=1)
HOME, LIVE = "/admin/", "/admin/live/"


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def all_is_well(monkeypatch):
    """Other tests' Redis and disk are not what this is about."""
    told = {
        "stream_backlog": {"stream_lag_seconds": 0, "stream_entries": 0},
        "host_numbers": {"spool_bytes": 0, "disk_free_bytes": 2, "disk_reserve_bytes": 1},
        "verdict_data_age": {"verdict_data_age_seconds": 0},
    }

    def tell(source: str, **numbers):
        own = told[source] | numbers
        families = [
            GaugeMetricFamily(f"pixeltrack_{name}", name, value=value)
            for name, value in own.items()
        ]
        monkeypatch.setattr(trouble, source, lambda: families)

    for source in told:
        tell(source)
    return tell


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def opened(group=None, at=NOON, **more):
    contact = make_contact(group, scheduled_at=NOON - HOUR)
    open_pixel(contact.pixels.first(), at, **more)
    return contact.group.campaign


def import_into(campaign=None, name="people.csv") -> ContactImport:
    return send(campaign or make_campaign(), "email\n", name=name)


def test_home_tells_what_is_running_now(admin_client):
    campaign = opened(at=NOON - 30 * SECOND)
    group = campaign.groups.get()
    make_contact(group, scheduled_at=NOON - HOUR)
    opened(group, at=NOON - 3 * HOUR)
    opened(group, at=NOON - 30 * SECOND, user_agent=MACHINE)
    text = text_of(admin_client.get(HOME).text)
    assert "Openings in the last minute 2" in text
    assert "In the last 24 hours 3" in text
    assert f"{campaign.name} 50.0 % 15.0 to 85.0 % 4 due 2 in 48 h" in text


def test_what_is_live_is_the_same_piece_of_the_page(admin_client):
    opened()
    live = admin_client.get(LIVE)
    assert live.text.strip() in admin_client.get(HOME).text
    again = admin_client.get(LIVE, headers={"If-None-Match": live["ETag"]})
    assert again.status_code == 304
    opened()
    again = admin_client.get(LIVE, headers={"If-None-Match": live["ETag"]})
    assert again.status_code == 200


def test_campaigns_that_were_opened_last_come_first_and_new_ones_after_them(admin_client):
    first, second = opened(), opened()
    new = make_campaign()
    named = re.findall(r'<th scope="row"><a [^>]*>([^<]*)', admin_client.get(LIVE).text)
    assert named == [second.name, first.name, new.name]


def test_a_member_sees_what_is_their_teams(admin_client):
    anna = make_staff(models=[Campaign, ContactImport])
    ours, theirs = opened(make_campaign(anna.own_team).groups.get()), opened()
    for campaign in (ours, theirs):
        import_into(campaign, f"list of {campaign.name}.csv")
    text = text_of(signed_in(anna).get(HOME).text)
    assert ours.name in text
    assert theirs.name not in text
    assert "Openings in the last minute 1" in text
    assert "In the last 24 hours 1" in text
    assert theirs.name in text_of(admin_client.get(HOME).text)


def test_who_may_see_nothing_is_shown_nothing():
    campaign = opened()
    import_into(campaign)
    unable = make_staff(team=campaign.team)
    for address in (HOME, LIVE):
        html = signed_in(unable).get(address).text
        assert campaign.name not in html
        assert "last minute" not in html
    assert "Add campaign" not in signed_in(unable).get(HOME).text


def test_imports_in_progress_are_shown_with_their_progress(admin_client):
    import_into(name="waits.csv")
    ended = import_into(name="ended.csv")
    ended.cancel()
    html = admin_client.get(HOME).text
    assert "waits.csv" in html
    assert "ended.csv" not in html
    assert '<progress max="100" value="0"' in html


def test_before_there_is_a_campaign_it_says_how_to_begin(admin_client):
    html = admin_client.get(HOME).text
    assert "There are no campaigns yet." in html
    assert f'href="{page(Campaign, "add")}"' in html


@pytest.mark.parametrize(
    ("source", "numbers", "title"),
    [
        ("stream_backlog", {"stream_lag_seconds": 31}, "Hits wait to be recorded"),
        ("host_numbers", {"spool_bytes": 1}, "Hits wait on disk"),
        ("host_numbers", {"disk_reserve_bytes": 3}, "The disk is nearly full"),
        (
            "verdict_data_age",
            {"verdict_data_age_seconds": 181 * 86_400},
            "The data that tells people from machines is old",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(admin_client, all_is_well, source, numbers, title):
    assert "Warnings" not in admin_client.get(LIVE).text
    all_is_well(source, **numbers)
    [shown] = trouble.troubles()
    assert shown.title == title
    html = admin_client.get(LIVE).text
    assert title in html
    assert text_of(shown.do).split("'")[0] in html
    member = signed_in(make_staff(models=[Campaign])).get(LIVE).text
    assert title in member
    assert shown.do not in member
    assert "Tell whoever runs PixelTrack for you." in member


def test_drift_and_quarantine_are_told(admin_client):
    opened()
    CountedDay.objects.update(drift=3)
    QuarantinedHit.objects.put(b"1" * 16, b"", ValueError())
    text = text_of(admin_client.get(LIVE).text)
    assert "Of the days that were looked at, by 3 in all." in text
    assert "manage.py rebuild_counts" in text
    assert "1 hit can't be recorded" in text.replace("&#x27;", "'")
    assert page(QuarantinedHit) in admin_client.get(LIVE).text


def test_a_redis_that_is_away_is_told_and_home_goes_on(admin_client, monkeypatch):
    def refuse():
        raise RedisError

    monkeypatch.setattr(trouble, "stream_backlog", refuse)
    campaign = opened()
    text = text_of(admin_client.get(HOME).text)
    assert "Redis does not answer" in text
    assert campaign.name in text


def test_home_asks_the_same_number_of_questions_however_many_campaigns_there_are(
    admin_client, django_assert_max_num_queries
):
    anna = make_staff(models=[Campaign, ContactImport])
    for client in (admin_client, signed_in(anna)):
        for number in range(12):
            if number in (0, 11):
                with django_assert_max_num_queries(26):
                    client.get(LIVE)
            zone = "Asia/Kolkata" if number % 2 else "UTC"
            campaign = make_campaign(anna.own_team, group_names=["A", "B"], time_zone=zone)
            for group in campaign.groups.all():
                opened(group, at=NOON - number * HOUR)
            import_into(campaign)
