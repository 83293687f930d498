from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.removed import finish_removals
from tracking import record as record_module
from tracking.hit import Hit
from tracking.models import ContactOpenings, Opening, OpeningCount, UserAgent
from tracking.record import Decision, record

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


def a_hit(pixel, minutes=0.0, user_agent=THUNDERBIRD, **fields) -> Hit:
    at = NOON + timedelta(minutes=minutes)
    fields.setdefault("event_id", uuid4().bytes)
    return Hit(
        pixel=pixel.uuid.bytes, at=round(at.timestamp() * 1000), user_agent=user_agent, **fields
    )


def decisions(*hits) -> list[str]:
    return [each.decision for each in record(list(hits))]


@pytest.fixture
def contact():
    return make_contact(pixels=2)


@pytest.fixture
def pixel(contact):
    return contact.pixels.get(number=1)


@pytest.fixture
def bottom(contact):
    return contact.pixels.get(number=2)


def counts(group) -> dict:
    """(quarter, verdict) → measures, without what is all zero."""
    rows = OpeningCount.objects.filter(group=group)
    found = {
        (f"{row.quarter:%H:%M}", row.verdict): {
            measure: getattr(row, measure)
            for measure in OpeningCount.MEASURES
            if getattr(row, measure)
        }
        for row in rows
    }
    return {key: measures for key, measures in found.items() if measures}


def test_a_hit_becomes_an_opening_with_all_that_it_said(contact, pixel):
    hit = a_hit(
        pixel,
        network_label="google",
        network="66.249.80.0/24",
        prefetch=True,
        referer="mail.google.com",
    )
    assert decisions(hit) == [Decision.RECORDED]
    opening = Opening.objects.get()
    assert opening.event_id == UUID(bytes=hit.event_id)
    assert (opening.pixel, opening.contact, opening.group) == (pixel, contact, contact.group)
    assert opening.user_agent.text == THUNDERBIRD
    assert (opening.network_label, opening.network) == ("google", "66.249.80.0/24")
    assert (opening.prefetch, opening.referer) == (True, "mail.google.com")
    assert opening.opened_at == NOON
    assert opening.begins_mail_open


def test_a_hit_delivered_twice_counts_once(contact, pixel):
    hit = a_hit(pixel)
    assert decisions(hit, hit) == [Decision.RECORDED, Decision.DUPLICATE]
    assert decisions(hit) == [Decision.DUPLICATE]
    assert counts(contact.group)[("12:00", "human")]["openings"] == 1


def test_a_hit_is_known_again_whose_opening_was_moved(contact, pixel):
    hit, other = a_hit(pixel), a_hit(pixel, user_agent="another reader")
    record([hit])
    Opening.objects.update(opened_at=NOON - timedelta(hours=5))
    assert decisions(hit, other) == [Decision.DUPLICATE, Decision.RECORDED]
    assert Opening.objects.count() == 2


def test_a_hit_is_known_again_at_another_contact(contact, pixel):
    hit = a_hit(pixel)
    elsewhere = a_hit(make_contact().pixels.get(), event_id=hit.event_id)
    assert decisions(hit) == [Decision.RECORDED]
    assert decisions(elsewhere) == [Decision.DUPLICATE]
    assert decisions(a_hit(pixel, 120), elsewhere) == [Decision.RECORDED, Decision.DUPLICATE]


def test_a_hit_is_known_again_whose_campaign_was_anonymous_before(contact, pixel):
    hit = a_hit(pixel)
    Campaign.objects.update(tracking=Campaign.Tracking.ANONYMOUS)
    record([hit])
    Campaign.objects.update(tracking=Campaign.Tracking.INDIVIDUAL)
    assert decisions(hit) == [Decision.DUPLICATE]
    assert Opening.objects.count() == 1


def test_to_know_hits_again_costs_no_query(pixel):
    hits = [a_hit(pixel, 70 * number) for number in range(5)]
    record(hits)
    with CaptureQueriesContext(connection) as captured:
        assert decisions(*hits) == [Decision.DUPLICATE] * 5
    assert not [
        query
        for query in captured
        if "event_id` IN" in query["sql"] or 'event_id" IN' in query["sql"]
    ]


@pytest.mark.parametrize("minutes", [0, 0.001, 59.99, -59.99])
def test_a_hit_within_the_hour_of_an_opening_is_a_refresh_of_it(pixel, minutes):
    record([a_hit(pixel)])
    [recorded] = record([a_hit(pixel, minutes)])
    assert recorded.decision == Decision.REFRESH
    assert recorded.counted_at == round(NOON.timestamp() * 1000)


@pytest.mark.parametrize("minutes", [60, 61, -60, -61])
def test_a_hit_an_hour_from_an_opening_is_another_opening(pixel, minutes):
    assert decisions(a_hit(pixel), a_hit(pixel, minutes)) == [Decision.RECORDED] * 2


def test_refreshes_do_not_prolong_the_hour(pixel):
    hits = [a_hit(pixel, minutes) for minutes in (0, 40, 61)]
    assert decisions(*hits) == [Decision.RECORDED, Decision.REFRESH, Decision.RECORDED]


def test_another_reader_of_the_same_pixel_is_another_opening(pixel):
    hits = a_hit(pixel), a_hit(pixel, user_agent=GMAIL), a_hit(pixel, network_label="google")
    assert decisions(*hits) == [Decision.RECORDED] * 3
    assert Opening.objects.filter(begins_mail_open=True).count() == 3


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_mail_with_two_pixels_opened_once_is_two_openings_and_one_mail_open(
    pixel, bottom, contact, order
):
    hits = [a_hit(pixel), a_hit(bottom, 0.0002)]
    assert decisions(*(hits[position] for position in order)) == [Decision.RECORDED] * 2
    assert Opening.objects.filter(begins_mail_open=True).count() == 1
    opened = contact.opened
    assert (opened.openings, opened.mail_opens) == (2, 1)


def test_the_two_pixels_may_arrive_in_different_batches(pixel, bottom):
    record([a_hit(bottom)])
    record([a_hit(pixel, -0.0002)])
    assert Opening.objects.filter(begins_mail_open=True).count() == 1


def test_a_deleted_pixel_stores_nothing(pixel):
    hit = a_hit(pixel)
    pixel.delete()
    assert decisions(hit) == [Decision.UNKNOWN]


def test_a_closed_campaign_counts_what_came_before(contact, pixel, bottom):
    contact.group.campaign.close(NOON)
    assert decisions(a_hit(pixel, -0.001), a_hit(bottom, 0)) == [
        Decision.RECORDED,
        Decision.CLOSED,
    ]


def test_a_campaign_with_tracking_off_stores_nothing():
    campaign = make_campaign(tracking="off")
    pixel = make_contact(campaign.groups.get()).pixels.get()
    assert decisions(a_hit(pixel)) == [Decision.OFF]
    assert not UserAgent.objects.filter(openings__isnull=False).exists()


def test_a_pixel_takes_a_hundred_openings_an_hour(pixel):
    hits = [a_hit(pixel, user_agent=f"reader {number}") for number in range(102)]
    found = decisions(*hits[:60]) + decisions(*hits[60:])
    assert found == [Decision.RECORDED] * 100 + [Decision.LIMIT] * 2
    assert decisions(a_hit(pixel, 61, user_agent="reader 103")) == [Decision.RECORDED]


def test_the_text_of_a_user_agent_is_stored_once(pixel, bottom):
    record([a_hit(pixel), a_hit(bottom)])
    record([a_hit(pixel, 61)])
    agent = UserAgent.objects.get()
    assert agent.client == "Thunderbird"
    assert agent.openings.count() == 3


def test_user_agents_that_differ_in_case_or_a_space_are_different(pixel):
    texts = {"Reader", "reader", "reader ", ""}
    record([a_hit(pixel, user_agent=text) for text in sorted(texts)])
    assert set(UserAgent.objects.values_list("text", flat=True)) == texts


def test_counts_are_kept_by_group_quarter_and_verdict(contact, pixel, bottom):
    record([a_hit(pixel, 14), a_hit(bottom, 16), a_hit(pixel, 17, user_agent=GMAIL)])
    assert counts(contact.group) == {
        ("12:00", "human"): {
            "openings": 1,
            "mail_opens": 1,
            "first_openings": 1,
            "first_verified": 1,
        },
        ("12:15", "human"): {"openings": 1},
        ("12:15", "proxy"): {"openings": 1, "mail_opens": 1},
    }


def test_a_machine_first_then_a_person(contact, pixel):
    record([a_hit(pixel, user_agent="curl/8")])
    assert counts(contact.group)[("12:00", "machine")]["first_openings"] == 1
    record([a_hit(pixel, 20)])
    contact.opened.refresh_from_db()
    assert contact.opened.first_verdict == "machine"
    assert contact.opened.first_verified_at == NOON + timedelta(minutes=20)
    assert counts(contact.group)[("12:15", "human")] == {
        "openings": 1,
        "mail_opens": 1,
        "first_verified": 1,
    }


def test_a_late_arrival_moves_the_first_opening(contact, pixel):
    record([a_hit(pixel, 90)])
    record([a_hit(pixel, 0)])
    opened = ContactOpenings.objects.get()
    assert (opened.first_at, opened.last_at) == (NOON, NOON + timedelta(minutes=90))
    assert counts(contact.group) == {
        ("12:00", "human"): {
            "openings": 1,
            "mail_opens": 1,
            "first_openings": 1,
            "first_verified": 1,
        },
        ("13:30", "human"): {"openings": 1, "mail_opens": 1},
    }


def test_removing_a_contact_takes_its_openings_and_their_counts_along(contact, pixel):
    other = make_contact(contact.group)
    record([a_hit(pixel), a_hit(other.pixels.get())])
    contact.remove()
    assert Opening.objects.get().contact == other
    assert counts(other.group) == {
        ("12:00", "human"): {
            "openings": 1,
            "mail_opens": 1,
            "first_openings": 1,
            "first_verified": 1,
        }
    }
    other.group.campaign.remove()
    finish_removals()
    assert not Opening.objects.exists()
    assert not OpeningCount.objects.exists()


def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(
    contact, pixel, bottom, django_assert_max_num_queries
):
    many = [make_contact(contact.group).pixels.get() for _ in range(30)]
    record([a_hit(pixel)])  # its User-Agent is stored once and for all
    # One of them because the hits are old: they may be from a time that is archived.
    with django_assert_max_num_queries(19) as captured:
        record([a_hit(bottom)])
    # With a join, a database might begin at the other end: a campaign's million contacts.
    big = ("campaigns_contact", "campaigns_pixel", "tracking_opening")
    joining = [each["sql"] for each in captured if "JOIN" in each["sql"]]
    assert not [sql for sql in joining for table in big if table in sql]
    with django_assert_max_num_queries(19):
        record([a_hit(each) for each in many])


def test_nothing_of_a_batch_is_stored_where_its_counts_fail(pixel, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(record_module.OpeningCount.objects, "add", fail)
    with pytest.raises(ZeroDivisionError):
        record([a_hit(pixel)])
    assert not Opening.objects.exists()
    assert not ContactOpenings.objects.exists()
    assert not UserAgent.objects.exists()


def test_new_user_agents_cost_two_queries_more(pixel):
    record([a_hit(pixel)])  # what a day's first batch needs
    with CaptureQueriesContext(connection) as known:
        record([a_hit(pixel, 70)])
    with CaptureQueriesContext(connection) as new:
        record([a_hit(pixel, 140, user_agent=f"reader {number}") for number in range(90)])
    # They are stored, and looked up.
    assert len(new) - len(known) == 2


def test_only_openings_leave_a_user_agent_behind(pixel):
    record([a_hit(pixel, user_agent=f"reader {number}") for number in range(300)])
    assert Opening.objects.count() == UserAgent.objects.count() == 100
    pixel.contact.group.campaign.close(NOON)
    record([a_hit(pixel, 90, user_agent="late")])
    assert UserAgent.objects.count() == 100
