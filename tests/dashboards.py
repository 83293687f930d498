"""What is in Grafana's dashboards, and in Prometheus' rules: read as Grafana would."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

MONITORING = Path(__file__).parent.parent / "monitoring"
DASHBOARDS = sorted((MONITORING / "grafana/dashboards").glob("*.json"))
PROMETHEUS = MONITORING / "prometheus"
HOUR = 3600
INTERVALS = {"5s": 5, "1m": 60, "15m": 900, "1h": HOUR}
SHOWN = 24 * HOUR  # what a dashboard shows when it is opened, at most
# In PromQL, what is neither a metric nor a function.
WORDS = {"and", "or", "unless", "offset", "bool", "by", "without", "on", "ignoring"}


def read(dashboard: Path) -> dict:
    return json.loads(dashboard.read_text())


def panels(dashboard: Path) -> list[dict]:
    """All but the rows, which are headings."""
    return [panel for panel in read(dashboard)["panels"] if panel["type"] != "row"]


@dataclass(frozen=True)
class Query:
    dashboard: str
    panel: str
    text: str
    interval_s: int = 60  # what a point of the panel stands for, at the least

    def __str__(self):
        return f"{self.dashboard}: {self.panel}"


def queries(datasource: str) -> Iterator[Query]:
    """What the panels ask of `prometheus` or of `mysql`, in their languages."""
    name = {"prometheus": "expr", "mysql": "rawSql"}[datasource]
    for path in DASHBOARDS:
        for panel in panels(path):
            for target in panel["targets"]:
                if target["datasource"]["type"] == datasource:
                    interval = INTERVALS[panel.get("interval", "1m")]
                    yield Query(path.stem, panel["title"], target[name], interval)


def rules() -> list[dict]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def promql() -> list[Query]:
    """Of the dashboards and of the rules."""
    return [
        *queries("prometheus"),
        *(Query("rules", rule["alert"], rule["expr"]) for rule in rules()),
    ]


def metrics_in(expression: str) -> set[str]:
    """The names of metrics: not those of labels, of functions, or in texts."""
    text = re.sub(r'"[^"]*"', "", expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", text)
    text = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", "", text)
    return set(re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)\b(?!\s*\()", text)) - WORDS


def expand(query: Query, campaign: int) -> str:
    """SQL with what Grafana puts in the places of its macros and of the variable, for the last
    day: https://grafana.com/docs/grafana/latest/datasources/mysql/"""
    end = int(time.time()) + HOUR  # what is recorded in this moment is in it
    begin = end - SHOWN
    text = query.text.replace("${campaign}", str(campaign))
    text = text.replace("$__interval_ms", str(query.interval_s * 1000))
    text = re.sub(
        r"\$__timeGroup\(([^,]+), \$__interval\)",
        rf"UNIX_TIMESTAMP(\1) DIV {query.interval_s} * {query.interval_s}",
        text,
    )
    text = re.sub(
        r"\$__timeFilter\(([^)]+)\)",
        rf"\1 BETWEEN FROM_UNIXTIME({begin}) AND FROM_UNIXTIME({end})",
        text,
    )
    text = text.replace("$__unixEpochFrom()", str(begin)).replace("$__unixEpochTo()", str(end))
    assert not re.search(r"\$[_{a-z]", text), text
    return text
