"""A rule set: how openings are judged, as `data/verdicts.json` says it."""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from tracking.data_file import Unfit
from tracking.models.verdict import Verdict
from tracking.text_conditions import TEXT_CONDITIONS, one_or_more

REASON = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
# Why an opening has its verdict where no rule gave it. `reclassify` goes by them.
CORRECTED = "corrected"  # by somebody
REPORTED = "reported"  # by another tool, without saying why
ERASED = "erased"  # the reason went with the reader of whom it told
TAKEN = (CORRECTED, REPORTED, ERASED)
LONGEST_S = 24 * 60 * 60
REMEMBERED = 4_096  # most openings are like others: few User-Agents, few networks


class Evidence(NamedTuple):
    """What the rules go by."""

    user_agent: str
    network_label: str = ""
    prefetch: bool = False
    referer: str = ""  # the host only
    since_sent: float | None = None  # seconds; negative before it, None where it isn't known


class Judgement(NamedTuple):
    verdict: str
    reason: str
    rules_date: date | None  # of the rule set; None where somebody else has judged


# -- Conditions: each is read from the file, and holds or not -------------------------------------
def texts(wanted) -> tuple[str, ...]:
    found = one_or_more(wanted) if isinstance(wanted, str | list) else ()
    if not found or not all(isinstance(each, str) for each in found):
        raise ValueError("must be a text or a list of texts")
    return found


def parts(wanted) -> tuple[str, ...]:
    if not all(texts(wanted)):
        raise ValueError("must not be empty: every text would do")
    return texts(wanted)


def flag(wanted) -> bool:
    if not isinstance(wanted, bool):
        raise ValueError("must be true or false")
    return wanted


def seconds(wanted) -> float:
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        raise ValueError("must be a number of seconds")
    if not 0 < wanted <= LONGEST_S:
        raise ValueError(f"must be above 0 and at most {LONGEST_S:,} seconds")
    return wanted


def is_host(host: str, wanted: tuple[str, ...]) -> bool:
    """One of these hosts, or one below it; an empty one stands for no Referer."""
    return any(host == each or (each and host.endswith(f".{each}")) for each in wanted)


def is_within(since: float | None, wanted: float) -> bool:
    """Where it isn't known, timing says nothing."""
    return since is not None and since < wanted


class Condition(NamedTuple):
    field: str  # of the evidence
    read: Callable[[Any], Any]  # what is wanted, from JSON; ValueError
    holds: Callable[[Any, Any], bool]


CONDITIONS = {
    name: Condition("user_agent", texts if name == "equals" else parts, holds)
    for name, holds in TEXT_CONDITIONS.items()
} | {
    "label": Condition("network_label", texts, lambda label, wanted: label in wanted),
    "prefetch": Condition("prefetch", flag, lambda prefetch, wanted: prefetch == wanted),
    "referer": Condition("referer", texts, is_host),
    "within_s": Condition("since_sent", seconds, is_within),
}


# -- Rules ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Rule:
    verdict: str
    reason: str
    conditions: dict[str, Any]  # name → wanted

    def fits(self, evidence: Evidence) -> bool:
        return all(
            CONDITIONS[name].holds(getattr(evidence, CONDITIONS[name].field), wanted)
            for name, wanted in self.conditions.items()
        )


@dataclass(frozen=True)
class RuleSet:
    date: date
    rules: tuple[Rule, ...]
    otherwise: Rule

    def judge(self, evidence: Evidence) -> Judgement:
        """By the first rule that fits."""
        if evidence.since_sent is not None:
            evidence = evidence._replace(since_sent=self._rounded(evidence.since_sent))
        return self._remembered(evidence)

    @cached_property
    def _remembered(self) -> Callable[[Evidence], Judgement]:
        return lru_cache(REMEMBERED)(self._first_that_fits)

    @cached_property
    def _windows(self) -> list[float]:
        """Where one begins and another ends."""
        ends = {rule.conditions.get("within_s", 0) for rule in self.rules}
        return sorted({0, *ends})

    def _rounded(self, since: float | None) -> float | None:
        """To the beginning of its window, so that what is remembered holds for all of it. A hit
        from before the sending is of another one, or a clock is wrong: then it isn't known."""
        if since is None or since < 0:
            return None
        begun = bisect_right(self._windows, since)
        return None if begun == len(self._windows) else self._windows[begun - 1]

    def _first_that_fits(self, evidence: Evidence) -> Judgement:
        found = next((rule for rule in self.rules if rule.fits(evidence)), self.otherwise)
        return Judgement(found.verdict, found.reason, self.date)


# -- From the file -------------------------------------------------------------------------------
def read_rules(lines: Iterable[str]) -> RuleSet:
    """Unfit where anything in it is not understood: a misspelt rule would never fit."""
    try:
        found = json.loads("".join(lines), object_pairs_hook=without_repeats)
    except json.JSONDecodeError as problem:
        raise Unfit(
            f"It is no JSON: {problem.msg}, column {problem.colno}.", problem.lineno
        ) from None
    except RecursionError:
        raise Unfit("It is nested too deeply. It must be an object with rules.") from None
    except Unfit:
        raise
    except ValueError:  # which the parser says of numbers alone
        raise Unfit("There is a number in it of thousands of digits.") from None
    if not isinstance(found, dict):
        raise Unfit("It must be an object with date, rules and otherwise.")
    refuse_unknown(found, ("date", "rules", "otherwise", "about"), "The file")
    if not isinstance(found.get("rules"), list):
        raise Unfit("`rules` is missing, or no list. Give the rules, the first to be tried first.")
    return RuleSet(
        read_date(found.get("date")),
        tuple(read_rule(each, f"Rule {number}") for number, each in enumerate(found["rules"], 1)),
        read_rule(found.get("otherwise"), "`otherwise`", conditional=False),
    )


def without_repeats(pairs: list[tuple]) -> dict:
    names = [name for name, _ in pairs]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise Unfit(f"“{repeated}” is there twice in one object. Use a list, or two rules.")
    return dict(pairs)


def read_date(text) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise Unfit(
            "`date` is missing, or no date. Give the day when the rules were written, such as "
            "2026-11-22."
        ) from None


def read_rule(rule, name: str, conditional=True) -> Rule:
    if not isinstance(rule, dict):
        raise Unfit(f"{name} is missing, or no object with verdict and reason.")
    conditions = CONDITIONS if conditional else {}
    refuse_unknown(rule, ("verdict", "reason", "about", *conditions), name)
    verdict, reason = rule.get("verdict"), rule.get("reason")
    if verdict not in Verdict.values:
        raise Unfit(f"{name}: the verdict must be one of {', '.join(Verdict.values)}.")
    if not isinstance(reason, str) or not REASON.fullmatch(reason):
        raise Unfit(f"{name}: the reason must be up to 32 of a-z, 0-9 and the hyphen.")
    if reason in TAKEN:
        raise Unfit(f"{name}: “{reason}” is the reason where no rule judged. Use another.")
    wanted = {
        each: read_condition(each, rule[each], f"{name} ({reason})")
        for each in conditions
        if each in rule
    }
    if conditional and not wanted:
        raise Unfit(f"{name} ({reason}) has no condition, so none after it would be tried.")
    return Rule(verdict, reason, wanted)


def read_condition(condition: str, wanted, name: str):
    try:
        return CONDITIONS[condition].read(wanted)
    except ValueError as problem:
        raise Unfit(f"{name}: `{condition}` {problem}.") from None


def refuse_unknown(given: dict, known: tuple[str, ...], name: str):
    if unknown := [each for each in given if each not in known]:
        raise Unfit(f"{name}: “{unknown[0]}” is not known. Use {', '.join(known)}.")
