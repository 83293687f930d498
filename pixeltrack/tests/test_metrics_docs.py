"""docs/metrics.md names each metric, with its labels, and no other."""

import re

import pytest
from prometheus_client import REGISTRY

from pixeltrack import policy_report, sources, task_numbers
from pixeltrack.tests.surroundings import ROOT
from tracking import consume, lane
from tracking.heartbeat import Heartbeat

ROW = re.compile(r"^\| `(pixeltrack_\w+)` \|([^|]*)\|", re.MULTILINE)
OF_HISTOGRAMS = {"le"}


def documented() -> dict[str, set[str]]:
    """Metric → labels"""
    rows = ROW.findall((ROOT / "docs" / "metrics.md").read_text())
    found = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert len(found) == len(rows)
    return found


def told() -> dict[str, set[str]]:
    asked = [metric for store in sources.MACHINE._stores for metric in store._ask()]
    found = {}
    for metric in (*REGISTRY.collect(), *asked):
        if metric.name.startswith("pixeltrack_"):
            name = metric.name + ("_total" if metric.type == "counter" else "")
            labels = set().union(*(sample.labels for sample in metric.samples))
            found[name] = labels - OF_HISTOGRAMS
    return found


@pytest.mark.django_db
def test_each_metric_is_in_the_table_and_the_table_names_no_other(redis_client):
    assert consume.BATCH_SIZES.keys() == consume.BATCH_TIMES.keys()
    assert lane.SECONDS
    Heartbeat("consumer").beat()
    task_numbers.TASKS.labels("one", "failed")
    task_numbers.SECONDS.labels("one")
    policy_report.REPORTS.labels("script-src")
    found, table = told(), documented()
    assert found.keys() == table.keys()
    without_samples = {"pixeltrack_import_progress_ratio", "pixeltrack_campaign_openings"}
    for name in found.keys() - without_samples:
        assert found[name] == table[name], name
