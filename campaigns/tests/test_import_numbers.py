"""What Prometheus is told of contact imports."""

import pytest
from prometheus_client import REGISTRY

from campaigns import import_steps
from campaigns.import_numbers import MOST_TOLD, ROWS, import_numbers
from campaigns.models import ContactImport
from campaigns.tests.factories import make_campaign
from campaigns.tests.importing import send

pytestmark = pytest.mark.django_db
FILE = "email\none@example.com\ntwo@example.com\nno address\n"


def rows() -> dict[str, float]:
    name = "pixeltrack_import_rows_total"
    return {result: REGISTRY.get_sample_value(name, {"result": result}) for result in ROWS}


def told() -> tuple[float, dict[str, float]]:
    """How many run, and import → progress"""
    running, progress = import_numbers()
    return running.samples[0].value, {
        labels["import"]: value for _, labels, value, *_ in progress.samples
    }


def test_rows_are_counted_by_what_became_of_them_and_those_of_a_trial_are_not():
    campaign, before = make_campaign(), rows()
    send(campaign, FILE, dry_run=True)
    import_steps.work()
    assert rows() == before
    send(campaign, FILE)
    send(campaign, FILE)
    import_steps.work()
    added = {result: number - before[result] for result, number in rows().items()}
    assert added == {"created": 2, "updated": 0, "unchanged": 2, "rejected": 2}


def test_what_runs_is_told_with_how_far_it_has_come():
    job = send(make_campaign(), FILE)
    assert told() == (0, {})
    seen = []
    [claimed] = [ContactImport.objects.claim()]
    import_steps.run(claimed, watch=lambda _: seen.append(told()))
    assert seen == [(1, {str(job.pk): 1.0})]
    assert told() == (0, {})


def test_only_the_latest_are_told_one_by_one(django_assert_num_queries):
    campaign = make_campaign()
    jobs = [send(campaign, FILE) for _ in range(MOST_TOLD + 2)]
    ContactImport.objects.update(state="running", bytes_read=1, bytes_total=4)
    with django_assert_num_queries(2):
        running, progress = told()
    assert running == MOST_TOLD + 2
    assert progress == {str(job.pk): 0.25 for job in jobs[2:]}
