"""What was found of openings from end to end, in words and figures."""

from collections.abc import Iterator

from benchmarks.end_to_end_run import NOISE_S, PEERS_SHARE, PROBE_S, READERS, Outcome, Run
from benchmarks.machine import made_on, processor
from benchmarks.page_views_report import Verdict, programs

LEAST = 12  # times the reference's design
POINTS = 12  # of the lag over time that are shown
HEAD = """\
# Openings from end to end

Made by `{command}`
on {day}: {machine}, {processor}, {cores} cores. Python {python}, Django {django}, gunicorn
{gunicorn}; {programs}. Load average of the machine before it began: {load:.1f}. An idle one has 0.
Of the time that it took, {stolen:.0%} was taken by others on the machine's host. Either makes all
figures worse than they are, and not those of both sides by the same.

All of a side is on the same two cores, and nobody has one for itself: web server, Redis, MariaDB
(`innodb_flush_log_at_trx_commit=1`), a PixelTrack's consumers, and the load generator, wrk with
{connections} keep-alive connections. Each request is for a pixel that nobody has fetched, with one
of {readers:,} User-Agents, which people share. A PixelTrack has one web process and two consumers;
the reference's design two web processes, one for each core. While one is asked, the other rests.

The reference's design answers when the row is committed, so what it answers is its rate. A
PixelTrack answers when its Redis has the hit. So wrk sends at a rate, for which it is not waited
that a connection is free, and the age of the oldest hit in the stream is looked at four times a
second. A rate is kept up when that lag's median in the last third of the time is not above that in
the middle third (by more than {noise} s, which a batch under way comes to), and all of the rate
was answered. The first try ({probe} s) is as fast as it answers; the rates after it start at what
was recorded of it per second. In these short tries a rate is kept up when all is recorded {noise} s
after wrk has ended, which is a second after its last request; one that fails is repeated, because
others may have had the cores. The last try is the result. The peer has {share:.0%} of its time
before all tries and again after them, and its better rate is what counts.
"""


def verdicts(found: list[Outcome]) -> list[Verdict]:
    return list(judged(*found))


def judged(ours: Outcome, peer: Outcome) -> Iterator[Verdict]:
    for outcome in (ours, peer):
        for problem in outcome.problems:
            yield Verdict(False, f"{outcome.side.name}: {problem}")
    yield Verdict(
        ours.last.keeps_up,
        f"PixelTrack keeps up {ours.last.rate:,.0f}/s for {ours.last.seconds} s: the lag is "
        f"{ours.last.middle:.2f} s in the middle third and {ours.last.end:.2f} s in the last",
    )
    ratio = ours.last.rate / peer.last.rate
    yield Verdict(
        ratio >= LEAST,
        f"PixelTrack: {ratio:.1f} times {peer.side.name}'s {peer.last.rate:,.0f}/s "
        f"(at least {LEAST})",
    )


def report(found: list[Outcome], options) -> str:
    ours = found[0]
    command = (
        f"python -m benchmarks.end_to_end --seconds {options.seconds} --step {options.step} "
        f"--pixels {options.pixels} --connections {options.connections}"
    )
    head = HEAD.format(
        command=command, processor=processor(), programs=", ".join(programs()), load=options.load,
        stolen=options.stolen.share(),
        connections=options.connections, noise=NOISE_S, probe=PROBE_S, readers=READERS,
        share=PEERS_SHARE,
        **made_on(),
    )  # fmt: skip
    lines = [head, "## What was to hold", ""]
    lines += [
        f"- {'reached' if each.holds else '**not reached**'}: {each.text}"
        for each in verdicts(found)
    ]
    lines += ["", "## Each side", "", *sides(found), "", "## The tries of PixelTrack", ""]
    lines += [*tries(ours), "", "## The lag over time, in the last of them", "", *lag(ours.last)]
    return "\n".join([*lines, ""])


def sides(found: list[Outcome]) -> list[str]:
    names = [*dict.fromkeys(name for outcome in found for name in outcome.last.cpu)]
    lines = [
        "µs of CPU for each opening, those of the kernel on its behalf included, until the last "
        "one is recorded. *All* is without wrk.",
        "",
        f"| | openings/s | p50 ms | p99 ms | all | {' | '.join(names)} | acknowledged | in the "
        "database |",
        "|---" * (len(names) + 7) + "|",
    ]
    for outcome in found:
        run = outcome.last
        cpu = [f"{run.cpu[name]:.0f}" if name in run.cpu else "" for name in names]
        whole = sum(used for name, used in run.cpu.items() if name != "wrk")
        figures = [f"{run.rate:,.0f}", f"{run.p50:.1f}", f"{run.p99:.1f}", f"{whole:.0f}", *cpu]
        figures += [f"{outcome.acknowledged:,}", f"{outcome.kept:,}"]
        lines.append(f"| {outcome.side.name} | {' | '.join(figures)} |")
    return lines


def tries(ours: Outcome) -> list[str]:
    lines = [
        "| offered/s | for s | answered/s | lag in the middle, s | lag in the end, s "
        "| all recorded after it, s | µs of CPU: web, consumer, mariadbd |",
        "|---" * 7 + "|",
    ]
    for run in ours.tries:
        cpu = ", ".join(f"{run.cpu[name]:.0f}" for name in ("web", "consumer", "mariadbd"))
        offered = f"{run.offered:,.0f}" if run.offered else "as it answers"
        lines.append(
            f"| {offered} | {run.seconds} | {run.rate:,.0f} | {run.middle:.2f} | {run.end:.2f} "
            f"| {run.behind:.1f} | {cpu} |"
        )
    return lines


def lag(run: Run) -> list[str]:
    seen = run.lag.seen
    shown = seen[:: max(1, len(seen) // POINTS)]
    return [
        "| after s | oldest hit, s | entries in the stream |",
        "|---|---|---|",
        *(f"| {at:.0f} | {age:.2f} | {entries} |" for at, age, entries in shown),
    ]
