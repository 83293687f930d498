"""Which Redis holds which shard, as far as it can be told without one."""

import pytest
from redis.exceptions import ConnectionError

from tracking import nodes

SLOTS = [
    [0, 8000, [b"10.0.0.1", 7001, b"id", []], [b"10.0.0.2", 7001, b"id", []]],
    [8001, 16383, [b"", 7002, b"id", []]],
]


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("redis+cluster://one", ["redis://one:6379/0"]),
        ("redis+cluster://one:1,two:2/", ["redis://one:1/0", "redis://two:2/0"]),
        (
            "rediss+cluster://u:p@[::1]:1,two/0",
            ["rediss://u:p@[::1]:1/0", "rediss://u:p@two:6379/0"],
        ),
        ("redis+cluster://one?ssl=1", ["redis://one:6379/0?ssl=1"]),
    ],
)
def test_an_address_names_nodes_of_a_cluster(url, named):
    assert nodes.named_nodes(url) == named


def test_a_node_has_the_name_and_password_of_the_one_that_told_of_it():
    asked = "redis://user:p%40ss@here:1/0?a=b"
    beside = nodes.address_beside(asked, "10.0.0.1", 7001)
    assert beside == "redis://user:p%40ss@10.0.0.1:7001/0?a=b"
    assert nodes.address_beside(asked, "::1", 7001) == "redis://user:p%40ss@[::1]:7001/0?a=b"
    assert nodes.address_beside(asked, "", 1) == asked


def test_a_shard_is_where_its_slot_is():
    found = {nodes.holder_of(shard, SLOTS, "redis://here:7002/0") for shard in range(6)}
    assert found == {"redis://10.0.0.1:7001/0", "redis://here:7002/0"}
    with pytest.raises(ConnectionError):
        [nodes.holder_of(shard, SLOTS[:1], "redis://here:7002/0") for shard in range(6)]


def test_one_redis_holds_all(settings):
    settings.REDIS_STREAM_SHARDS = 3
    assert nodes.shards_by_node() == {settings.REDIS_STREAM_URL: [0, 1, 2]}


def test_before_the_cluster_was_asked_a_named_node_is_taken_for_all(settings):
    settings.REDIS_STREAM_URL = "redis+cluster://nobody.invalid:1,two:2"
    settings.REDIS_STREAM_SHARDS = 2
    assert nodes.shards_by_node() == {"redis://nobody.invalid:1/0": [0, 1]}
