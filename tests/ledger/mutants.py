"""`make mutants`: python -m tests.ledger.mutants

Breaks the promise on purpose, one way at a time; the ledger must notice each. With --honest the
same schedules run with nothing broken, and it must find nothing.
"""

import argparse
import signal
import sys
from dataclasses import dataclass, field

from tqdm import tqdm

from tests.ledger.plan import Fault
from tests.ledger.run import Options, Result, execute

SECONDS, RATE, CONTACTS = 4, 300, 400


@dataclass(frozen=True)
class Mutant:
    name: str  # of a function in sabotage.py
    faults: list[Fault] = field(default_factory=list)  # a schedule that shows it
    consumers_late: bool = False


# A locked database makes the consumers hold what they have read, and the stream grow.
LOCKED = Fault(0.8, "database", "database_locked", 1.8)
# For longer than web processes remember what Redis has answered for.
LOCKED_LONG = Fault(0.2, "database", "database_locked", 3.5)
MUTANTS = [
    Mutant("acknowledge_before_commit", [LOCKED, Fault(1.8, "consumer", "consumers_killed")]),
    Mutant("no_aof", [LOCKED_LONG, Fault(3.6, "redis", "redis_killed", 0.1)]),
    Mutant("no_unique_event_id", [Fault(1, "redis", "redis_frozen", 0.5)]),
    Mutant("no_xautoclaim", [LOCKED, Fault(1.8, "consumer", "consumers_killed")]),
    Mutant("maxlen_on_xadd", [LOCKED]),
    Mutant(
        "group_created_at_end",
        [
            Fault(0.5, "consumer", "consumers_started"),
            Fault(2.2, "database", "database_locked", 1),
            Fault(2.8, "redis", "group_destroyed"),
        ],
        consumers_late=True,
    ),
    Mutant(
        "reply_before_append",
        [
            Fault(at, "redis", "workers_killed_before_redis_answers")
            for at in (0.6, 1.2, 1.8, 2.4, 3.0)
        ],
    ),
    Mutant("spool_without_fsync", [Fault(0.8, "spool", "both_down", 1.5)]),
    Mutant("views_acknowledged_unstored", [Fault(1.8, "consumer", "consumers_killed")]),
    Mutant("views_counted_again", [Fault(1, "redis", "entry_duplicated")]),
]


def run(mutant: Mutant, seed: int, honest: bool) -> Result:
    return execute(
        Options(
            seed=seed,
            seconds=SECONDS,
            baseline=0.5,
            rate=RATE,
            contacts=CONTACTS,
            schedule=mutant.faults,
            sabotage="none" if honest else mutant.name,
            consumers_late=mutant.consumers_late,
        )
    )


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    parser = argparse.ArgumentParser(prog="python -m tests.ledger.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--honest", action="store_true", help="break nothing")
    parser.add_argument("--only", choices=[mutant.name for mutant in MUTANTS])
    chosen = parser.parse_args()
    mutants = [mutant for mutant in MUTANTS if chosen.only in (None, mutant.name)]
    caught = 0
    for mutant in tqdm(mutants, unit="mutant", disable=not sys.stderr.isatty(), leave=False):
        try:
            found = run(mutant, chosen.seed, chosen.honest).findings
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)
            return 130
        is_caught = bool(found.lost or found.double or found.phantom)
        caught += is_caught
        figures = f"lost {len(found.lost)}, double {len(found.double)}, "
        figures += f"phantom {len(found.phantom)}"
        with tqdm.external_write_mode():
            word = "caught" if is_caught else "found nothing" if chosen.honest else "missed"
            print(f"{word:7} {mutant.name:28} {figures}", flush=True)
            for line in found.lines(most=2):
                print(f"        {line[:150]}")
    print(f"{caught} of {len(mutants)} caught")
    return 0 if caught == (0 if chosen.honest else len(mutants)) else 1


if __name__ == "__main__":
    sys.exit(main())
