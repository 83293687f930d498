"""Nodes: which Redis holds which shard of the streams.

One Redis holds all of them. In a cluster its primaries share them, and who holds what changes when
one of them dies: whoever finds that out looks again. A node is named by its address, a URL.
"""

import re
from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.crc import key_slot
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError

CLUSTER = "+cluster"  # after the scheme of an address
PORT = 6379  # where an address names none
ANSWERS = 3  # to hold against each other: one node may be behind the times

# (address of the cluster, number of shards) → the node of each shard, as it was found last
_found: dict[tuple[str, int], tuple[str, ...]] = {}


def node_of(shard: int) -> str:
    url = settings.REDIS_STREAM_URL
    return _nodes()[shard] if names_cluster(url) else url


def shards_by_node() -> dict[str, list[int]]:
    shards = {}
    for shard, node in enumerate(_nodes()):
        shards.setdefault(node, []).append(shard)
    return shards


def is_cluster() -> bool:
    return names_cluster(settings.REDIS_STREAM_URL)


@lru_cache
def names_cluster(url: str) -> bool:
    return CLUSTER in url.partition("://")[0]


def _nodes() -> tuple[str, ...]:
    """The node of each shard. Of a cluster that nobody has looked at yet, one that was named: it
    refuses what is not its own."""
    url, shards = settings.REDIS_STREAM_URL, settings.REDIS_STREAM_SHARDS
    if not is_cluster():
        return (url,) * shards
    return _found.get((url, shards)) or (named_nodes(url)[0],) * shards


def named_nodes(url: str) -> list[str]:
    """`redis+cluster://user:password@one:6379,two:6379/` names two nodes."""
    scheme, _, rest = url.partition("://")
    user, at, places = rest.rpartition("@")
    places, mark, options = places.partition("?")
    scheme = scheme.removesuffix(CLUSTER)
    return [
        f"{scheme}://{user}{at}{with_port(place.strip())}/0{mark}{options}"
        for place in places.partition("/")[0].split(",")
    ]


def with_port(place: str) -> str:
    return place if re.search(r":\d+$", place) else f"{place}:{PORT}"


def address_beside(node: str, host: str, port: int) -> str:
    """That of another node of the same cluster."""
    scheme, _, rest = node.partition("://")
    user, at, place = rest.rpartition("@")
    own_place, slash, options = place.partition("/")
    if not host:  # a node that doesn't know its own address: it is the one that was asked
        host = own_place.rpartition(":")[0]
    elif ":" in host:
        host = f"[{host}]"
    return f"{scheme}://{user}{at}{host}:{port}{slash}{options}"


def look():
    """Ask the cluster anew. Raises RedisError where no node of it answers, or one of the shards is
    nobody's."""
    if not is_cluster():
        return
    url, shards = settings.REDIS_STREAM_URL, settings.REDIS_STREAM_SHARDS
    answers = []
    for node in dict.fromkeys((*_found.get((url, shards), ()), *named_nodes(url))):
        try:
            answers.append((*ask(node), node))
        except (RedisError, OSError):
            continue
        if len(answers) == ANSWERS:
            break
    if not answers:
        raise ConnectionLost("no node of the cluster answers")
    _, slots, node = max(answers, key=lambda answer: answer[0])
    _found[url, shards] = tuple(holder_of(shard, slots, node) for shard in range(shards))


def ask(node: str) -> tuple[int, list]:
    """The newest epoch that it knows of, and the slots as CLUSTER SLOTS tells of them."""
    with Redis.from_url(node, **settings.REDIS_HOT) as client:
        pipeline = client.pipeline(transaction=False)
        pipeline.execute_command("CLUSTER INFO")
        pipeline.execute_command("CLUSTER SLOTS")
        about, slots = pipeline.execute()
    return int(about["cluster_current_epoch"]), slots


def holder_of(shard: int, slots: list, asked: str) -> str:
    wanted = key_slot(b"{hits:%d}" % shard)
    for first, last, (host, port, *_), *_ in slots:
        if first <= wanted <= last:
            return address_beside(asked, (host or b"").decode(), port)
    raise ConnectionLost("no node of the cluster holds a slot of ours")
