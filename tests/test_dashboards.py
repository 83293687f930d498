"""Grafana's dashboards and Prometheus' configuration, checked as configuration.

Grafana itself can't be had here, nor cAdvisor. So the dashboards are read with the schema that
Grafana publishes for 11.6, what they ask of Prometheus is parsed by promtool, and each metric must
be one that our code, Django's exporter or another exporter tells: those of Debian's exporters were
recorded in tests/exporters/, and cAdvisor's are from its documentation. What they ask of MySQL is
asked of MariaDB in test_grafana_sql.py.
"""

import json
import re
import subprocess
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from django_prometheus.middleware import Metrics
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import REGISTRY

from tests.conftest import needs
from tests.dashboards import (
    DASHBOARDS,
    MONITORING,
    PROMETHEUS,
    metrics_in,
    panels,
    promql,
    read,
    rules,
)

ROOT = Path(__file__).parent.parent
OURS = ("tracking", "campaigns", "accounts", "pixeltrack")
SUFFIXES = ("", "_total", "_bucket", "_sum", "_count")
PROMETHEUS_OWN = {"up", "ALERTS"}
each_dashboard = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def promtool(*arguments) -> str:
    done = subprocess.run(
        [needs("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_are_four_dashboards_with_names_of_their_own():
    found = [read(path) for path in DASHBOARDS]
    assert {each["title"] for each in found} == {"Openings", "Service", "Containers", "Page views"}
    assert len({each["uid"] for each in found}) == 4
    # An id is the database's of one Grafana: another one would take it for its own.
    assert not any("id" in each for each in found)


def lost(sent, kept, path="") -> list[str]:
    """Where `kept` lacks something of `sent`, or says something else."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        pairs = [(f"{path}.{key}", value, kept.get(key)) for key, value in sent.items()]
    elif isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        pairs = [
            (f"{path}[{number}]", *pair) for number, pair in enumerate(zip(sent, kept, strict=True))
        ]
    else:
        return [] if sent == kept or (sent in (None, [], {}) and kept is None) else [path]
    return [found for name, one, other in pairs for found in lost(one, other, name)]


@each_dashboard
def test_each_field_of_a_dashboard_is_in_the_schema_of_grafana(path):
    register_default_plugins()
    dashboard = read(path)
    understood = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))
    assert lost(dashboard, understood) == []


@each_dashboard
def test_each_panel_says_what_it_shows_and_in_which_unit(path):
    for panel in panels(path):
        assert panel["title"], panel
        assert len(panel["description"]) > 8, panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], panel["title"]
        assert panel["targets"], panel["title"]


@each_dashboard
def test_the_most_important_figures_are_on_top(path):
    assert [panel["type"] for panel in read(path)["panels"][:4]] == ["stat"] * 4


@each_dashboard
def test_no_panel_lies_on_another(path):
    dashboard = read(path)
    places = [(panel["gridPos"], panel["title"]) for panel in dashboard["panels"]]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(places)
    for place, title in places:
        assert place["x"] + place["w"] <= 24, title
    for (one, title), (other, beside) in combinations(places, 2):
        apart = any(
            first[at] + first[size] <= second[at]
            for first, second in ((one, other), (other, one))
            for at, size in (("x", "w"), ("y", "h"))
        )
        assert apart, f"{title} and {beside}"


@each_dashboard
def test_each_question_goes_to_a_datasource_that_is_provisioned(path):
    text = (MONITORING / "grafana/provisioning/datasources/pixeltrack.yml").read_text()
    known = {source["uid"]: source["type"] for source in yaml.safe_load(text)["datasources"]}
    asked = [panel["datasource"] for panel in panels(path)]
    asked += [target["datasource"] for panel in panels(path) for target in panel["targets"]]
    asked += [variable["datasource"] for variable in read(path)["templating"]["list"]]
    assert {(source["uid"], source["type"]) for source in asked} <= known.items()
    # Whatever is secret comes from the environment.
    assert re.findall(r"password: (.*)", text) == ["${MYSQL_GRAFANA_PASSWORD}"]


def test_prometheus_can_read_its_configuration_and_its_rules():
    promtool("check", "config", PROMETHEUS / "prometheus.yml")


def test_each_alert_fires_on_its_fault_and_not_without_it():
    promtool("test", "rules", PROMETHEUS / "rules_test.yml")
    tested = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    fired = {
        case["alertname"]
        for test in tested
        for case in test.get("alert_rule_test", [])
        if case["exp_alerts"]
    }
    assert fired == {rule["alert"] for rule in rules()}


def test_each_alert_tells_what_to_do_and_where():
    for rule in rules():
        name, notes = rule["alert"], rule["annotations"]
        assert rule["labels"]["severity"] in ("warning", "critical"), name
        assert notes["runbook_url"] == f"docs/operations.md#{name.lower()}"
        assert notes["summary"], name
        assert "$value" in notes["description"], name


def test_each_expression_is_promql(tmp_path):
    asked = promql()
    records = [{"record": f"test:{n}", "expr": each.text} for n, each in enumerate(asked)]
    file = tmp_path / "expressions.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": records}]}))
    assert f"SUCCESS: {len(asked)} rules found" in promtool("check", "rules", file)


def our_metrics() -> set[str]:
    """As our code names them: some are made only when they are asked for."""
    files = [file for app in OURS for file in (ROOT / app).rglob("*.py")]
    texts = [file.read_text() for file in files if "tests" not in file.parts]
    return {name for text in texts for name in re.findall(r'"(pixeltrack_\w+)"', text)}


def djangos_metrics() -> set[str]:
    Metrics.get_instance()
    return {metric.name for metric in REGISTRY.collect() if metric.name.startswith("django_")}


def exporters_metrics() -> set[str]:
    lines = [
        line
        for file in (ROOT / "tests/exporters").glob("*.txt")
        for line in file.read_text().splitlines()
    ]
    return {line for line in lines if not line.startswith("#")}


def test_each_metric_is_told_by_somebody():
    bare = our_metrics() | djangos_metrics()
    known = {name + suffix for name in bare for suffix in SUFFIXES}
    known |= exporters_metrics() | PROMETHEUS_OWN
    unknown = {str(query): names for query in promql() if (names := metrics_in(query.text) - known)}
    assert unknown == {}
