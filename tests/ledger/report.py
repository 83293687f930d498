"""What a run has found, in words and figures."""

from collections import Counter
from math import floor

from tests.ledger.journal import Answer
from tests.ledger.run import DRAIN_S, Result

AFTER_S = 0.3  # a fault is felt for so long after its end


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def latency(answers: list[Answer]) -> str:
    times = [answer.ms for answer in answers]
    return f"p99 {quantile(times, 0.99):.1f} ms, max {max(times, default=0):.1f} ms"


def ways_of(answers: list[Answer]) -> str:
    ways = Counter(answer.outcome for answer in answers)
    return ", ".join(f"{way} {count}" for way, count in ways.most_common())


def report(result: Result) -> list[str]:
    journal, options = result.journal, result.options
    lines = [f"seed {options.seed}, {options.database}, {options.seconds:g} s"]
    lines += [fault_line(entry, result.begun) for entry in result.faults]
    lines += ["", *by_kind(result), "", *slowest(result), ""]
    lines += [*timeline(result), ""] if options.timeline else []
    lines += [*result.drained, ""] if options.timeline or result.drain > DRAIN_S / 2 else []
    lines += [
        f"ways: {ways_of(journal.answers)}",
        f"openings {result.openings}, page views {result.page_views}, tries {journal.tries}, "
        f"connections killed under a try {len(journal.killed)}, ambiguous "
        f"{len(journal.ambiguous)} of {len(journal.tried)} requests",
        f"without faults: {latency(result.baseline)} ({ways_of(result.baseline)})",
        f"drained in {result.drain:.1f} s",
        *[f"in a log: {text}" for text in result.tracebacks],
        *result.findings.lines(),
        last_line(result),
    ]
    return lines


def fault_line(entry, begun) -> str:
    fault, began, ended, remark = entry
    lasted = f"{ended - began:6.2f} s" if ended - began > 0.05 else ""
    kind = fault.kind.replace("_", " ")
    return f"  {began - begun:7.3f} s  {kind:28} {lasted:9} {remark}".rstrip()


def during(result: Result, moment: float) -> list[str]:
    """The faults that were felt then."""
    return [
        fault.kind for fault, began, ended, _ in result.faults if began <= moment <= ended + AFTER_S
    ]


def by_kind(result: Result) -> list[str]:
    """What clients felt of each kind. Faults overlap, so some share the blame."""
    felt: dict[str, list[Answer]] = {}
    for answer in result.under_fire:
        end = answer.sent + answer.ms / 1000
        kinds = {
            fault.kind
            for fault, began, ended, _ in result.faults
            if began <= end and answer.sent <= ended + AFTER_S
        }
        for kind in kinds or {"(none)"}:
            felt.setdefault(kind, []).append(answer)
    counts = Counter(entry[0].kind for entry in result.faults)
    return [
        f"  {counts[kind]:3} x {kind.replace('_', ' '):28} {len(felt[kind]):6} answers, "
        f"{latency(felt[kind])}"
        for kind in sorted(felt)
    ]


def slowest(result: Result, most=8) -> list[str]:
    slow = sorted(result.under_fire, key=lambda answer: -answer.ms)[:most]
    return [
        f"  {answer.ms:7.1f} ms at {answer.sent - result.begun:6.2f} s, {answer.outcome}, during "
        f"{', '.join(during(result, answer.sent + answer.ms / 2000)) or 'nothing'}"
        for answer in slow
    ]


def timeline(result: Result) -> list[str]:
    """Second by second: which way the hits went and how long it took."""
    seconds: dict[int, list[Answer]] = {}
    for answer in result.journal.answers:
        seconds.setdefault(floor(answer.sent - result.begun), []).append(answer)
    return [
        f"  {second:3} s  {latency(answers)}  {ways_of(answers)}"
        for second, answers in sorted(seconds.items())
    ]


def passed(result: Result) -> bool:
    return not result.findings and result.drain <= DRAIN_S


def last_line(result: Result) -> str:
    found = result.findings
    return (
        f"lost {len(found.lost)}, double {len(found.double)}, phantom {len(found.phantom)} — "
        f"{result.journal.hits} answered, {len(result.faults)} faults, "
        f"{latency(result.under_fire)}"
    )
