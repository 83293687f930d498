from collections import Counter
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Team
from campaigns.models import Campaign, Contact
from campaigns.tests.factories import make_campaign, make_contact
from tracking.hit import Hit
from tracking.management.commands.simulate_openings import find_campaign, mails_of
from tracking.models import Opening
from tracking.record import record
from tracking.simulate import READERS, Fetch, Mail, most_openings, plan


def mails(*groups: int, pixels=2) -> list[Mail]:
    """As many mails in each group, numbered from 0, as its number says."""
    numbers = iter(range(1_000_000))
    return [
        Mail(group, tuple(UUID(int=next(numbers)) for _ in range(pixels)))
        for group, count in enumerate(groups)
        for _ in range(count)
    ]


def test_the_same_seed_gives_the_same_plan():
    assert plan(mails(10, 10), 200, 20, seed=7) == plan(mails(10, 10), 200, 20, seed=7)
    assert plan(mails(10, 10), 200, 20, seed=7) != plan(mails(10, 10), 200, 20, seed=8)


@pytest.mark.parametrize("count", [1, 2, 199])
def test_it_plans_as_many_fetches_as_asked_at_the_rate_asked(count):
    fetches = plan(mails(10, 10), count, 20, seed=1)
    assert len(fetches) == count
    times = [fetch.at for fetch in fetches]
    assert times == sorted(times)
    assert all(abs(at - position / 20) < 0.051 for position, at in enumerate(times))


def test_a_reader_fetches_the_top_pixel_and_often_the_others_with_it():
    sent = mails(500)
    fetches = plan(sent, 1000, 100, seed=1)
    tops, bottoms = (Counter(mail.pixels[place] for mail in sent) for place in (0, 1))
    top = [fetch for fetch in fetches if fetch.pixel in tops]
    bottom = {(fetch.at, fetch.pixel) for fetch in fetches if fetch.pixel in bottoms}
    together = sum((fetch.at, UUID(int=fetch.pixel.int + 1)) in bottom for fetch in top)
    assert together == len(bottom)
    assert 0.7 < together / len(top) < 0.9


def test_about_one_load_in_seven_is_a_refresh():
    fetches = plan(mails(5000, pixels=1), 4000, 100, seed=3)
    assert 0.12 < 1 - most_openings(fetches) / len(fetches) < 0.18


def test_common_mail_clients_come_more_often_than_rare_ones():
    readers = Counter(fetch.reader.name for fetch in plan(mails(5000), 8000, 100, seed=4))
    assert readers.keys() == {reader.name for reader in READERS}
    assert readers["Gmail"] > readers["Outlook desktop"] > readers["scanner with curl"]


def test_later_groups_get_opened_a_bit_more():
    sent = mails(1000, 1000, 1000, pixels=1)
    group = {mail.pixels[0]: mail.group for mail in sent}
    opened = Counter(group[pixel] for pixel in {f.pixel for f in plan(sent, 20_000, 100, seed=5)})
    assert 400 < opened[0] < opened[1] < opened[2] < 750


def test_a_reader_that_comes_back_after_an_hour_counts_again():
    pixel, reader = UUID(int=1), READERS[0]
    at = [0, 3599, 3600, 7199, 7200]
    assert most_openings([Fetch(seconds, pixel, reader) for seconds in at]) == 3
    assert most_openings([Fetch(0, pixel, reader), Fetch(0, UUID(int=2), reader)]) == 2
    assert most_openings([Fetch(0, pixel, reader), Fetch(0, pixel, READERS[1])]) == 2


@pytest.fixture
def campaign(db):
    team = Team.objects.create(name="Team")
    campaign = Campaign.objects.start(
        team=team, name="Autumn", group_names=["A", "B"], pixels_per_contact=2
    )
    for group in campaign.groups.all():
        for number in range(3):
            Contact.objects.schedule(group=group, email=f"contact-{number}@example.com")
    return campaign


def test_it_reads_mails_with_their_pixels_in_order(campaign, django_assert_num_queries):
    with django_assert_num_queries(5):
        found = mails_of(campaign, most=2)
    expected = [
        Mail(group.pk, tuple(contact.pixels.order_by("number").values_list("uuid", flat=True)))
        for group in campaign.groups.order_by("pk")
        for contact in group.contacts.order_by("pk")[:2]
    ]
    assert found == expected
    assert [len(mail.pixels) for mail in found] == [2, 2, 2, 2]


def test_it_takes_a_campaign_by_id_or_name_and_else_the_newest_with_contacts(campaign):
    newest = make_contact(make_campaign(campaign.team, name="Winter").groups.get()).group.campaign
    make_campaign(campaign.team, name="Empty")
    assert find_campaign(None) == newest
    assert find_campaign("Autumn") == campaign
    assert find_campaign(str(campaign.pk)) == campaign
    with pytest.raises(CommandError, match='no campaign "Spring"'):
        find_campaign("Spring")
    Campaign.objects.start(team=Team.objects.create(name="Other"), name="Winter")
    with pytest.raises(CommandError, match="Give an id"):
        find_campaign("Winter")


@pytest.mark.django_db
def test_it_says_what_to_do_where_there_is_no_campaign():
    with pytest.raises(CommandError, match="loaddata sample"):
        call_command("simulate_openings")


def test_it_says_what_to_do_where_there_is_no_contact(campaign):
    Campaign.objects.start(team=campaign.team, name="Empty")
    with pytest.raises(CommandError, match='"Empty" has no contact'):
        call_command("simulate_openings", campaign="Empty")


def test_it_says_what_to_do_where_no_server_answers(campaign):
    with pytest.raises(CommandError, match="make run"):
        call_command("simulate_openings", url="http://127.0.0.1:1", count=1)


@pytest.mark.parametrize("option", ["count", "rate", "concurrency"])
def test_it_refuses_a_number_that_is_not_above_0(campaign, option):
    with pytest.raises(CommandError, match="above 0"):
        call_command("simulate_openings", **{option: 0})


def test_its_openings_are_those_of_an_anonymous_campaign_as_well(campaign):
    campaign.tracking = Campaign.Tracking.ANONYMOUS
    campaign.save()
    fetches = plan(mails_of(campaign, most=10), count=200, rate=20, seed=1)
    at = round(timezone.now().timestamp() * 1000)
    record(
        [
            Hit(
                uuid4().bytes,
                each.pixel.bytes,
                at + round(each.at * 1000),
                user_agent=each.reader.user_agent,
            )
            for each in fetches
        ]
    )
    assert Opening.objects.count() == most_openings(fetches) < 200
    assert not Opening.objects.exclude(contact=None).exists()
