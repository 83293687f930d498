"""What Redis holds for a key of the filter and for a hit in the stream. `make prove` runs it.

    python -m benchmarks.memory [--hits 1000000]

The results go to benchmarks/MEMORY.md, and its table into docs/operations.md. Exits with 1 if not
every hit came in.
"""

import argparse
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from benchmarks.machine import made_on
from tests.api import STREAM
from tests.services import PATIENCE
from tests.stack import Stack

RESULTS = Path(__file__).parent / "MEMORY.md"
PAGE = Path(__file__).parent.parent / "docs" / "operations.md"
QUOTED = re.compile(
    r"(?<=<!-- from benchmarks/MEMORY.md -->\n\n).*(?=\n\n<!-- as it says -->)", re.S
)
GROUPS = (1, 64)  # hits that the lane takes in one turn of its loop, and so in one entry
CALLS = 500  # of the script, in one go
# Inside Django, with the stream's own code: each hit is of another pixel and by another reader.
APPEND = """
from os import urandom
from time import time_ns
from redis import Redis
from django.conf import settings
from tracking.hit import Hit
from tracking.stream import APPEND, Appending

def hit(number):
    reader = (
        f"Mozilla/5.0 (X11; Linux x86_64; rv:{{number}}.0) Gecko/20100101 Thunderbird/{{number}}.0"
    )
    return Hit(urandom(16), urandom(16), time_ns() // 1_000_000, reader, "", "192.0.2.0/24")

answer = 0
with Redis.from_url(settings.REDIS_STREAM_URL) as client:
    client.script_load(APPEND)
    group, calls = {group}, {calls}
    for first in range(0, {hits}, group * calls):
        pipeline, last = client.pipeline(transaction=False), min(first + group * calls, {hits})
        groups = [
            Appending([hit(number) for number in range(start, min(start + group, last))])
            for start in range(first, last, group)
        ]
        for appending in groups:
            appending.put_into(pipeline)
        for appending, reply in zip(groups, pipeline.execute(), strict=True):
            answer += sum(appending.appended([reply]))
"""
HEAD = """\
# What Redis holds for a hit

Made by `python -m benchmarks.memory --hits {hits}` on {day}: {machine}, Python {python}, Redis
{redis}.

{hits:,} hits, each of another pixel and another reader, with a User-Agent of {agent} characters and
a network, go into an empty Redis by the project's own script. Hits that come at the same time share
an entry of the stream. What the filter takes is the difference of `used_memory` by deleting its
keys, and what the stream takes that by deleting the stream.

A key of the filter stays for 61 minutes; a hit stays in the stream until it is recorded, which is a
moment while the consumer keeps up. The filter's tables of keys and of expiry times double when a
key more than a power of two is there, so that a key's share of them changes with their number: it
is smallest at 2^n keys, and then, for one more, {more:.0f} bytes more. (1,000,000 is near 2^20.)

"""
TABLE_HEAD = (
    "| hits in an entry | a key of the filter | a hit in the stream | an entry of the stream |"
)
BUCKET = 8 * 2  # bytes of an empty place in both tables


@dataclass
class Found:
    """Bytes."""

    group: int
    hits: int
    taken: int  # of the hits, as the script answered
    keys: int
    entries: int
    filter: int
    stream: int


def main() -> int:
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="pixeltrack-") as folder:
        stack = Stack(Path(folder))
        try:
            stack.redis.start()
            with Redis.from_url(stack.redis.url, socket_timeout=PATIENCE) as client:
                version = client.info("server")["redis_version"]
                found = [measure(stack, client, group, options.hits) for group in GROUPS]
        finally:
            stack.stop()
    options.results.write_text(report(found, version, options.hits))
    if options.results == RESULTS:
        PAGE.write_text(QUOTED.sub("\n".join(table(found)), PAGE.read_text()))
    wrong = [each for each in found if {each.taken, each.keys} != {each.hits}]
    for each in wrong:
        print(f"DOES NOT HOLD: not every hit came in: {each}", file=sys.stderr)
    return bool(wrong)


def measure(stack: Stack, client: Redis, group: int, hits: int) -> Found:
    def used() -> int:
        return client.info("memory")["used_memory"]

    client.flushdb()
    taken = stack.shell(APPEND.format(group=group, calls=CALLS, hits=hits))
    entries, keys, full = client.xlen(STREAM), client.dbsize() - 1, used()
    client.delete(STREAM)
    without_stream = used()
    client.flushdb()
    filter_bytes = without_stream - used()
    return Found(group, hits, taken, keys, entries, filter_bytes, full - without_stream)


def report(found: list[Found], redis: str, hits: int) -> str:
    agent = len(f"Mozilla/5.0 (X11; Linux x86_64; rv:{hits}.0) Gecko/20100101 Thunderbird/{hits}.0")
    head = HEAD.format(hits=hits, agent=agent, redis=redis, more=BUCKET, **made_on())
    return head + "\n".join(table(found)) + "\n"


def table(found: list[Found]) -> list[str]:
    return [
        TABLE_HEAD,
        "|---|---|---|---|",
        *(
            f"| {each.group} | {each.filter / each.keys:.0f} bytes "
            f"| {each.stream / each.hits:.0f} bytes | {each.stream / each.entries:.0f} bytes |"
            for each in found
        ),
    ]


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--hits", type=int, default=1_000_000)
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    if options.hits < 1:
        parser.error("--hits from 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
