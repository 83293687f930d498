"""Old openings are judged by new rules, and all that is counted of them follows."""

import json
import signal
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from campaigns.models import Campaign, Contact
from tracking import reclassify, verdict_data
from tracking.models import ContactOpenings, Opening, OpeningCount
from tracking.reclassify import Reclassification
from tracking.retention import forget_openings_before
from tracking.statistics import statistics_of
from tracking.tests.opened import GMAIL, PERSON, open_pixel
from tracking.tests.recounted import assert_all_follows, assert_counts_hold
from tracking.verdict import RULES

pytestmark = pytest.mark.django_db
URL = "/api/openings/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
CURL = "curl/8.5.0"
NEW = date(2026, 12, 1)


@pytest.fixture
def new_rules(installed):
    """Puts a rule set in force: Thunderbird is a machine, and curl a person."""

    def put(day=NEW):
        machine = {"verdict": "machine", "reason": "thunder", "contains": "Thunderbird"}
        timing = {"verdict": "machine", "reason": "short", "within_s": 10}
        rules = {
            "date": day.isoformat(),
            "rules": [machine, timing],
            "otherwise": {"verdict": "human", "reason": "nobody-else"},
        }
        installed(RULES, json.dumps(rules))
        verdict_data.load()

    return put


def run(*options) -> str:
    out = StringIO()
    call_command("reclassify", *options, stdout=out)
    return out.getvalue()


def told() -> list[tuple]:
    """(verdict, reason, date of the rules) of each opening, as they came."""
    return list(Opening.objects.order_by("pk").values_list("verdict", "reason", "rules_date"))


def test_verdicts_counts_and_what_is_known_of_the_contact_follow(house, new_rules):
    for hour, user_agent in enumerate([PERSON, CURL, PERSON, GMAIL]):
        open_pixel(house.pixel, NOON + hour * HOUR, user_agent)
    other = house.add_contact()
    open_pixel(other.pixels.get(number=1), NOON, PERSON)
    before = statistics_of(house.campaign)
    assert (before["openings"]["machine"], before["opened_contacts"]["verified"]) == (1, 2)
    new_rules()
    said = run()
    assert "5 openings are judged by the rules of 2026-12-01: 5 otherwise" in said
    assert "3  human mail-client → machine thunder" in said
    assert told() == [
        ("machine", "thunder", NEW),
        ("human", "nobody-else", NEW),
        ("machine", "thunder", NEW),
        ("human", "nobody-else", NEW),
        ("machine", "thunder", NEW),
    ]
    known = ContactOpenings.objects.get(contact=house.contact)
    assert (known.first_at, known.first_verdict) == (NOON, "machine")
    assert (known.first_verified_at, known.first_verified_verdict) == (NOON + HOUR, "human")
    assert ContactOpenings.objects.get(contact=other).first_verified_at is None
    after = statistics_of(house.campaign)
    assert (after["openings"]["machine"], after["opened_contacts"]["verified"]) == (3, 1)
    assert_all_follows()


def test_what_the_rules_of_today_have_judged_is_left_out(
    house, new_rules, django_assert_max_num_queries
):
    for hour in range(20):
        open_pixel(house.pixel, NOON + hour * HOUR)
    assert "0 openings are judged" in run()
    new_rules()
    assert "20 openings" in run()
    open_pixel(house.pixel, NOON + 30 * HOUR)
    with django_assert_max_num_queries(4):  # however many openings there are
        assert "0 openings are judged" in run()


def test_openings_from_before_the_date_was_kept_are_judged(house, new_rules):
    open_pixel(house.pixel, NOON)
    Opening.objects.update(rules_date=None)
    new_rules()
    run()
    assert told() == [("machine", "thunder", NEW)]


def test_what_somebody_said_and_what_nobody_can_tell_any_more_stays(house, new_rules):
    report = {"pixel": house.pixel.pk, "user_agent": PERSON}
    for hour, said in enumerate(
        [{"verdict": "human"}, {"verdict": "proxy", "reason": "other-tool"}, {}]
    ):
        moment = {"event_id": str(uuid4()), "opened_at": (NOON + hour * HOUR).isoformat()}
        assert house.client.post(URL, report | moment | said).status_code == 201
    open_pixel(house.pixel, NOON + 5 * HOUR)
    corrected = Opening.objects.latest("pk")
    house.client.patch(f"{URL}{corrected.pk}/", {"verdict": "proxy"})
    erased = house.add_contact()
    open_pixel(erased.pixels.get(number=1), NOON)
    house.client.post(f"/api/contacts/{erased.pk}/erase/")
    Campaign.objects.update(tracking="anonymous")
    open_pixel(house.pixel, NOON + 9 * HOUR)
    old = RULES.value.date
    new_rules()
    for options in ([], ["--all"]):
        assert "1 opening" in run(*options)
        assert told() == [
            ("human", "reported", None),
            ("proxy", "other-tool", None),
            ("machine", "thunder", NEW),
            ("proxy", "corrected", None),
            ("human", "erased", None),
            ("human", "mail-client", old),
        ]


def test_only_another_time_is_no_verdict_that_somebody_gave(house, new_rules):
    open_pixel(house.pixel, NOON)
    house.client.patch(f"{URL}{Opening.objects.get().pk}/", {"opened_at": "2026-03-01T11:00:00Z"})
    Opening.objects.update(rules_date=None)
    new_rules()
    run()
    assert told() == [("machine", "thunder", NEW)]


def test_a_time_of_sending_that_came_later_counts_with_all(house, new_rules):
    new_rules()
    open_pixel(house.pixel, NOON, CURL)
    Contact.objects.update(sent_at=NOON - 5 * SECOND)
    run()
    assert told() == [("human", "nobody-else", NEW)]
    last = Opening.objects.get().pk
    assert "0 openings" in run("--all", "--after", str(last))
    assert "human nobody-else → machine short" in run("--all")
    assert told() == [("machine", "short", NEW)]
    assert_all_follows()


def test_by_rules_that_ship_in_place_of_a_broken_file_nothing_is_judged(house, installed):
    open_pixel(house.pixel, NOON)
    before = told()
    installed(RULES, "{broken")
    RULES.forget()
    for options in ([], ["--all"], ["--dry-run"]):
        with pytest.raises(CommandError, match=r"verdicts\.json is refused.*Nothing was judged"):
            run(*options)
    assert told() == before


def test_a_dry_run_says_what_would_change_and_changes_nothing(house, new_rules):
    open_pixel(house.pixel, NOON)
    open_pixel(house.pixel, NOON + HOUR, CURL)
    before, counts = told(), list(OpeningCount.objects.order_by("pk").values())
    new_rules()
    said = run("--dry-run")
    assert "2 openings would be judged by the rules of 2026-12-01: 2 otherwise" in said
    assert "1  human mail-client → machine thunder" in said
    assert "1  machine program → human nobody-else" in said
    assert (told(), list(OpeningCount.objects.order_by("pk").values())) == (before, counts)


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(reclassify, "JUDGED_AT_ONCE", 2)
    monkeypatch.setattr(reclassify, "LOOKED_THROUGH", 5)


def test_broken_off_it_goes_on_where_it_was(house, new_rules, small_steps):
    for hour in range(12):
        open_pixel(house.pixel, NOON + hour * HOUR)
    new_rules()
    steps = Reclassification(RULES.value).steps()
    assert sum(next(steps).judged for _ in range(3)) == 5
    steps.close()  # as by a kill between two transactions
    assert_all_follows()
    assert "7 openings are judged" in run()
    assert set(told()) == {("machine", "thunder", NEW)}
    assert_all_follows()


@pytest.mark.parametrize(
    ("problem", "options", "code"),
    [
        (signal.SIGINT, [], 130),
        (signal.SIGTERM, ["--all"], 143),
        (OperationalError("gone"), ["--dry-run"], 1),
    ],
)
def test_broken_off_it_keeps_what_was_done_and_says_how_to_go_on(
    house, new_rules, small_steps, monkeypatch, problem, options, code
):
    for hour in range(6):
        open_pixel(house.pixel, NOON + hour * HOUR)
    new_rules()
    verb = "look_at" if "--dry-run" in options else "judge"
    work, calls = getattr(Reclassification, verb), []

    def interrupted(self, found):
        if isinstance(problem, signal.Signals):
            signal.raise_signal(problem)  # the step is done all the same
        elif calls:
            raise problem
        calls.append(found)
        return work(self, found)

    monkeypatch.setattr(Reclassification, verb, interrupted)
    with pytest.raises(CommandError) as raised:
        run(*options)
    further = f" {options[0]} --after {told_ids()[1]}" if options else ""
    assert str(raised.value).endswith(f"manage.py reclassify{further}")
    assert raised.value.returncode == code
    judged = Opening.objects.filter(rules_date=NEW).count()
    assert judged == (0 if "--dry-run" in options else 2)


def told_ids() -> list[int]:
    return list(Opening.objects.order_by("pk").values_list("pk", flat=True))


def test_openings_that_leave_meanwhile_are_left_alone(house, new_rules, monkeypatch):
    """Between the look and the lock: erased, deleted, judged by another run."""
    contacts = [house.add_contact() for _ in range(3)]
    for contact in contacts:
        open_pixel(contact.pixels.get(number=1), NOON)
    new_rules()
    judge = Reclassification.judge

    def meanwhile(self, found):
        monkeypatch.setattr(Reclassification, "judge", judge)
        house.client.post(f"/api/contacts/{contacts[0].pk}/erase/")
        house.client.delete(f"/api/contacts/{contacts[1].pk}/")
        run()
        return judge(self, found)

    monkeypatch.setattr(Reclassification, "judge", meanwhile)
    assert "0 openings are judged" in run()
    assert told() == [("human", "erased", None), ("machine", "thunder", NEW)]
    assert_all_follows()


def test_archived_openings_stay_counted_as_they_were(house, new_rules):
    for day in range(4):
        open_pixel(house.pixel, NOON + day * 24 * HOUR)
    list(forget_openings_before(NOON + 30 * HOUR))
    new_rules()
    assert "2 openings" in run()
    assert_counts_hold()
    known = ContactOpenings.objects.get()
    assert (known.first_verdict, known.first_verified_at) == ("human", NOON)
    counted = OpeningCount.objects.filter(verdict="machine")
    assert sum(counted.values_list("openings", flat=True)) == 2


def test_ids_that_are_far_apart_are_stepped_over(house, new_rules, small_steps):
    open_pixel(house.pixel, NOON)
    open_pixel(house.pixel, NOON + HOUR)
    second = told_ids()[1]
    Opening.objects.filter(pk=second).update(id=second + 1_000_000)
    new_rules()
    assert len(list(Reclassification(RULES.value).steps())) == 4
    assert set(told()) == {("machine", "thunder", NEW)}
