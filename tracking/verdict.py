"""Who opened: rules kept as dated data, tried in order; the first that fits decides."""

import json
from functools import cache
from pathlib import Path

from tracking.hit import Hit

RULES = Path(__file__).parent / "data" / "verdicts.json"


@cache
def rules() -> dict:
    """{"date", "rules": [{"verdict", "reason", condition: wanted …}], "otherwise"}."""
    return json.loads(RULES.read_text())


CONDITIONS = {
    "equals": lambda hit, wanted: hit.user_agent == wanted,
    "begins": lambda hit, wanted: hit.user_agent.startswith(wanted),
    "contains": lambda hit, wanted: wanted in hit.user_agent,
    "ends": lambda hit, wanted: hit.user_agent.endswith(wanted),
    "label": lambda hit, wanted: hit.network_label == wanted,
    "prefetch": lambda hit, wanted: hit.prefetch == wanted,
    "referer": lambda hit, wanted: hit.referer == wanted or hit.referer.endswith("." + wanted),
}


def fits(rule: dict, hit: Hit) -> bool:
    return all(check(hit, rule[name]) for name, check in CONDITIONS.items() if name in rule)


def judge(hit: Hit) -> tuple[str, str]:
    """(verdict, reason) of an opening."""
    found = next((rule for rule in rules()["rules"] if fits(rule, hit)), rules()["otherwise"])
    return found["verdict"], found["reason"]
