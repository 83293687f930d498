"""The plan of a run: which hits, which faults, and when. The same seed makes the same plan."""

import random
from dataclasses import dataclass

from tests.ledger.page_views import plan_views

VIEWS = 0.3  # of the requests: page views

REPEATS = 0.3  # of the hits: the same pixel and User-Agent once more
SECOND_TRIES = 0.2  # of the repeats: a proxy's second try, with the same X-Request-ID
RECENT = 2000  # a repeat follows one of so many hits before it
CONTACTS, PIXELS, READERS = 8000, 2, 4  # pixels of a contact; User-Agents


def user_agents() -> list[str]:
    return [
        f"Mozilla/5.0 (X11; Linux x86_64; rv:{number}.0) Gecko/20100101 Thunderbird/{number}.0"
        for number in range(100, 100 + READERS)
    ]


def own_request_id(seed: int, number: int, kind="pixel") -> str:
    return f"{seed}-{kind}-{number}"


def plan_requests(seed: int, pixels: int, count: int) -> list[tuple]:
    """Hits of pixels and requests of page views, mixed; each kind in its own order."""
    dice = random.Random(f"requests {seed}")
    are_views = [dice.random() < VIEWS for _ in range(count)]
    views = iter(plan_views(seed, sum(are_views)))
    hits = iter(plan_hits(seed, pixels, count - sum(are_views)))
    return [next(views if each else hits) for each in are_views]


def plan_hits(seed: int, pixels: int, count: int) -> list[tuple[int, int, str]]:
    """(pixel, reader, X-Request-ID) of each hit, the first two as positions in their lists."""
    dice = random.Random(f"hits {seed}")
    fresh = [(pixel, reader) for pixel in range(pixels) for reader in range(READERS)]
    dice.shuffle(fresh)
    hits = []
    for number in range(count):
        request_id = own_request_id(seed, number)
        if hits and (dice.random() < REPEATS or not fresh):
            pixel, reader, before = dice.choice(hits[-RECENT:])
            again = dice.random() < SECOND_TRIES
            hits.append((pixel, reader, before if again else request_id))
        else:
            hits.append((*fresh.pop(), request_id))
    return hits


@dataclass(frozen=True)
class Fault:
    at: float  # seconds after the load has begun
    tier: str  # faults of a tier follow each other; those of different tiers overlap
    kind: str  # a method of tests.ledger.faults.Faults
    seconds: float = 0.0  # how long it lasts, where it lasts


# (tier, kind, how many in a minute, lasts from, to). Sums up to 90 and more.
EVERYWHERE = [
    ("web", "worker_killed", 9, 0, 0),
    ("web", "web_rolled", 2, 0, 0),
    ("web", "clock_set_back", 1, 2.0, 4.0),
    ("web", "clock_set_forward", 1, 2.0, 4.0),
    ("consumer", "consumer_killed", 6, 0, 0),
    ("consumer", "group_destroyed", 6, 0, 0),
    ("redis", "redis_killed", 4, 0.1, 0.8),
    ("redis", "redis_frozen", 4, 0.2, 2.0),
    ("redis", "redis_out_of_memory", 4, 0.3, 1.0),
    ("redis", "redis_nearly_full", 3, 0.3, 0.8),
    ("redis", "redis_read_only", 4, 0.2, 0.8),
    ("redis", "scripts_flushed", 8, 0, 0),
    ("redis", "entry_duplicated", 6, 0, 0),
    ("redis", "entry_poisoned", 4, 0, 0),
    ("redis", "redis_connections_killed", 6, 0, 0),
    ("spool", "both_down", 3, 0.8, 1.5),
    ("spool", "line_torn", 3, 0, 0),
    ("spool", "disk_full", 2, 0.4, 1.0),
]
FAULTS = {
    "mysql": [
        *EVERYWHERE,
        ("database", "database_killed", 3, 0.1, 0.6),
        ("database", "database_frozen", 5, 0.2, 2.0),
        ("database", "database_connections_killed", 7, 0, 0),
        ("database", "contacts_locked", 5, 0.2, 1.5),
    ],
    "sqlite": [*EVERYWHERE, ("database", "database_locked", 20, 0.05, 2.0)],
}
LIFT_UP_S = 1.0  # before the end of the load, in which nothing breaks any more


def plan_faults(seed: int, seconds: float, database: str, only: str = "") -> list[Fault]:
    """Each kind, spread over the time; at least once where the time is short."""
    dice = random.Random(f"faults {seed}")
    faults = []
    for tier, kind, per_minute, least, most in FAULTS[database]:
        if only and kind != only:
            continue
        count = max(1, round(per_minute * seconds / 60))
        share = max(seconds - LIFT_UP_S, 1) / count
        for number in range(count):
            at = (number + dice.random()) * share
            faults.append(Fault(round(at, 3), tier, kind, round(dice.uniform(least, most), 3)))
    return sorted(faults, key=lambda fault: fault.at)
