"""Who opened: rules kept as dated data, tried in order; the first that fits decides."""

from datetime import datetime

from tracking.data_file import DataFile
from tracking.hit import Hit
from tracking.moment import milliseconds
from tracking.rule_set import Evidence, Judgement, read_rules

RULES = DataFile("verdicts.json", read_rules)


def judge(hit: Hit, sent_at: datetime | None = None) -> Judgement:
    """What the rules in force say of an opening, whose mail was sent then as far as is known."""
    evidence = Evidence(
        hit.user_agent,
        hit.network_label,
        hit.prefetch,
        hit.referer,
        None if sent_at is None else (hit.at - milliseconds(sent_at)) / 1000,
    )
    return RULES.value.judge(evidence)
