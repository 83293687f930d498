"""The ledger on a Redis Cluster whose primaries die; the table goes to benchmarks/CLUSTER.md.

    python -m tests.ledger.prove_cluster --seeds 3

With a replica that is waited for, nothing may be lost. Without, what is lost is measured.
"""

import argparse
import os
import platform
import signal
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from tests.ledger.plan import Fault
from tests.ledger.report import last_line, latency, passed, ways_of
from tests.ledger.run import Options, Result, execute
from tests.redis_cluster import NODE_TIMEOUT_MS, PRIMARIES

RESULTS = Path(__file__).parents[2] / "benchmarks" / "CLUSTER.md"
SHARDS = 6
FAULT_S = 7.0  # one, until each primary has a replica again
HEAD = """\
# The ledger on a Redis Cluster

Made by `python -m tests.ledger.prove_cluster` (a part of `make prove`) on {day}:
{primaries} primaries with a replica each, `cluster-node-timeout` {timeout} ms, {shards} shards,
{rate:g} requests a second (three in ten bring page views), {machine},
{cores} cores, load generator and all tiers on the same machine, MariaDB in MySQL's place.
Each run has the faults of its line, at primaries that the seed chooses; a fault ends when the dead
one is back as a replica.

Without `REDIS_WAIT_REPLICAS`, a hit is lost where three things meet: the primary dies before its
replica heard of the hit, no consumer has read it yet, and the web process that answered for it dies
as well, or had answered more than 2.5 seconds before. A replica is said to be behind where it was
cut off for so long before its primary died.

| replicas waited for | what happened | seed | outcome | which way hits went |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Scenario:
    what: str
    wait_replicas: int
    faults: tuple[tuple[str, str, float], ...]  # tier, kind, seconds: one after the other

    @property
    def schedule(self) -> list[Fault]:
        """The faults of each tier follow each other; a consumer's begins just before."""
        own = [fault for fault in self.faults if fault[0] == "redis"]
        beside = [fault for fault in self.faults if fault[0] != "redis"]
        return [Fault(0.5, *fault) for fault in beside] + [
            Fault(1 + FAULT_S * number, *fault) for number, fault in enumerate(own)
        ]

    @property
    def seconds(self) -> float:
        return 3 + FAULT_S * len([fault for fault in self.faults if fault[0] == "redis"])


KILLED = ("redis", "primary_killed", 1.0)
FROZEN = ("redis", "primary_frozen", 0.5)
AHEAD = ("redis", "primary_killed_ahead", 0.5)
BOTH_AHEAD = ("redis", "primary_and_workers_killed_ahead", 0.5)
NO_CONSUMERS = ("consumer", "consumers_killed", 6.0)
SAFE = Scenario(
    "killed; frozen; killed with its replica 0.5 s behind; the same with the web processes",
    1,
    (KILLED, FROZEN, AHEAD, BOTH_AHEAD),
)
SCENARIOS = [
    SAFE,
    Scenario("killed, three times", 0, (KILLED,) * 3),
    Scenario("frozen until its replica is promoted, twice", 0, (FROZEN,) * 2),
    Scenario("killed, its replica 0.5 s behind, twice", 0, (AHEAD,) * 2),
    Scenario("the same with the web processes, twice", 0, (BOTH_AHEAD,) * 2),
    Scenario("the same once, with no consumer there", 0, (BOTH_AHEAD, NO_CONSUMERS)),
    Scenario(
        "killed, its replica 4 s behind, with no consumer there",
        0,
        (("redis", "primary_killed_ahead", 4.0), NO_CONSUMERS),
    ),
]


def run(scenario: Scenario, options: Options) -> Result:
    return execute(
        replace(
            options,
            seconds=scenario.seconds,
            schedule=scenario.schedule,
            shards=SHARDS,
            wait_replicas=scenario.wait_replicas,
        )
    )


def is_right(scenario: Scenario, result: Result) -> bool:
    """Without replicas that are waited for, hits may be lost; never may one count twice."""
    if scenario.wait_replicas:
        return passed(result)
    return not (result.findings.double or result.findings.phantom)


def row(scenario: Scenario, result: Result) -> str:
    failed = "" if is_right(scenario, result) else "**failed:** "
    cells = [
        str(scenario.wait_replicas),
        scenario.what,
        str(result.options.seed),
        f"{failed}{last_line(result)}; without faults {latency(result.baseline)}",
        ways_of(result.journal.answers),
    ]
    return f"| {' | '.join(cells)} |"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger.prove_cluster")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=300, help="requests a second")
    parser.add_argument("--database", choices=("mysql", "sqlite"), default="mysql")
    parser.add_argument("--safe", action="store_true", help="only with replicas; writes no table")
    return parser.parse_args()


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    chosen = arguments()
    options = Options(database=chosen.database, rate=chosen.rate, contacts=6000, baseline=3)
    rows, all_right = [], True
    for scenario in [SAFE] if chosen.safe else SCENARIOS:
        for seed in range(1, chosen.seeds + 1):
            result = run(scenario, replace(options, seed=seed))
            rows.append(row(scenario, result))
            all_right = all_right and is_right(scenario, result)
            print(rows[-1], *result.findings.lines(), sep="\n", flush=True)
            if not chosen.safe:
                RESULTS.write_text(head(chosen.rate) + "\n".join(rows) + "\n")
    return 0 if all_right else 1


def head(rate: float) -> str:
    return HEAD.format(
        day=date.today(),
        primaries=PRIMARIES,
        timeout=NODE_TIMEOUT_MS,
        shards=SHARDS,
        rate=rate,
        machine=platform.platform(terse=True),
        cores=os.cpu_count(),
    )


if __name__ == "__main__":
    sys.exit(main())
