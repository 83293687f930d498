"""docs/operations.md says what is so."""

import re

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

ROOT = settings.BASE_DIR
RULES = ROOT / "monitoring" / "prometheus" / "rules.yml"
COST = ROOT / "benchmarks" / "COST.md"
QUOTED = re.compile(r"<!-- from benchmarks/COST.md -->\n(.*)<!-- as there -->", re.DOTALL)


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "operations.md").read_text()


def section(page: str, heading: str) -> str:
    [found] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", page, re.M | re.S)
    return found


def table(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def test_each_alert_has_its_heading_in_the_runbook(page):
    groups = yaml.safe_load(RULES.read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    told = re.findall(r"^### (\w+)$", section(page, "Alerts"), re.M)
    assert told == [rule["alert"] for rule in alerts]
    for rule in alerts:
        assert rule["annotations"]["runbook_url"].endswith(
            f"docs/operations.md#{rule['alert'].lower()}"
        )


def test_each_alert_says_what_to_do(page):
    _, *entries = re.split(r"^### ", section(page, "Alerts"), flags=re.M)
    for entry in entries:
        assert "*Do*" in entry, entry.splitlines()[0]


def test_the_figures_are_those_that_were_measured(page):
    [quoted] = QUOTED.findall(page)
    measured = COST.read_text()
    assert table(quoted) == table(section(measured, "What it comes to"))
    assert len(table(quoted)) > 10


def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)", page):
        assert (ROOT / "docs" / link).exists(), link
    headings = {
        re.sub(r"[^\w -]", "", line).lower().replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", page, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)", page)) <= headings


def test_commands_are_there(page):
    assert set(re.findall(r"manage\.py (\w+)", page)) <= get_commands().keys()


def test_files_that_are_named_are_there(page):
    named = set(re.findall(r"\b((?:stores|monitoring|tests|pixeltrack)/[\w/.]+\.\w+)", page))
    assert named
    assert [each for each in named if not (ROOT / each).exists()] == []
