"""What waits in the streams, told when somebody asks."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from tracking import nodes
from tracking.kinds import KINDS, NAMES
from tracking.stream import CONSUMER_GROUP, stream_key, streams_at

BACKLOG = (Path(__file__).parent / "backlog.lua").read_text()
SECONDS = 1  # to connect, and for each answer


def stream_backlog() -> Iterator[GaugeMetricFamily]:
    """By kind of hits, of all shards: sums of entries, and the age of the oldest. Raises
    RedisError."""
    read = {kind: [(0, 0, 0)] for kind in KINDS}
    for kind, numbers in of_all_nodes():
        read[kind].append(numbers)
    entries, pending, lag = (
        GaugeMetricFamily(name, text, labels=["kind"])
        for name, text in (
            ("pixeltrack_stream_entries", "Entries in the streams, each a group of hits"),
            (
                "pixeltrack_stream_pending_entries",
                "Of these, what a consumer has read and not acknowledged yet",
            ),
            (
                "pixeltrack_stream_lag_seconds",
                "Age of the oldest entry that is not acknowledged; 0 if there is none",
            ),
        )
    )
    for kind, numbers in read.items():
        lengths, pendings, ages = zip(*numbers, strict=True)
        entries.add_metric([NAMES[kind]], sum(lengths))
        pending.add_metric([NAMES[kind]], sum(pendings))
        lag.add_metric([NAMES[kind]], max(ages) / 1000)
    yield from (entries, pending, lag)


def of_all_nodes() -> Iterator[tuple[type, tuple[int, int, int]]]:
    """Of each stream. A node of several that fails is left out; RedisError where all do."""
    nodes.look()
    holders, failed = list(nodes.shards_by_node()), 0
    for node in holders:
        streams = streams_at(node)
        try:
            found = measured(node, streams)
        except RedisError:
            failed += 1
            if failed == len(holders):
                raise
            continue
        for (kind, _), numbers in zip(streams, found, strict=True):
            yield kind, numbers


def measured(node: str, streams: list[tuple[type, int]]) -> list[tuple[int, int, int]]:
    with (
        Redis.from_url(
            node,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client,
        client.pipeline(transaction=False) as pipeline,
    ):
        for kind, shard in streams:
            pipeline.eval(BACKLOG, 1, stream_key(shard, kind), CONSUMER_GROUP)
        return pipeline.execute()
