import asyncio
from uuid import uuid4

import pytest
from redis.exceptions import RedisError

from tracking import group_commit, stream
from tracking.collect import COUNTERS, collect
from tracking.group_commit import GroupCommit
from tracking.hit import Hit
from tracking.kinds import unpack
from tracking.outcome import Outcome
from tracking.stream import filter_key, stream_key
from tracking.stream_reader import StreamReader

pytestmark = pytest.mark.usefixtures("redis_client")
NOON = 1_772_366_400_000
MINUTE = 60_000


def a_hit(pixel=b"p" * 16, at=NOON, **fields) -> Hit:
    return Hit(event_id=uuid4().bytes, pixel=pixel, at=at, user_agent="Thunderbird", **fields)


def entries(redis_client, shard=0):
    return [packed for _, packed in redis_client.xrange(stream_key(shard))]


def test_a_hit_is_put_into_the_stream_whole(collect_all, redis_client):
    hit = a_hit(network_label="google", network="66.249.80.0/24", prefetch=True, referer="x.org")
    assert collect_all(hit) == [Outcome.STORED]
    [[(event_id, packed)]] = [entry.items() for entry in entries(redis_client)]
    assert unpack(event_id, packed) == hit


def test_twins_and_later_refreshes_are_dropped(collect_all, redis_client):
    first, twin = a_hit(), a_hit()
    assert collect_all(first, twin) == [Outcome.STORED, Outcome.REFRESH]
    later, next_opening = a_hit(at=NOON + 59 * MINUTE), a_hit(at=NOON + 60 * MINUTE)
    assert collect_all(later) == [Outcome.REFRESH]
    assert collect_all(next_opening) == [Outcome.STORED]
    assert len(entries(redis_client)) == 2


def test_a_clock_that_was_set_back_hides_no_opening(collect_all, redis_client):
    collect_all(a_hit())
    assert collect_all(a_hit(at=NOON - 120 * MINUTE)) == [Outcome.STORED]
    assert redis_client.pttl(filter_key(a_hit())) > 0


def test_other_pixels_and_readers_are_no_twins(collect_all):
    hits = a_hit(), a_hit(pixel=b"q" * 16), a_hit(network_label="google")
    assert collect_all(*hits) == [Outcome.STORED] * 3


def test_a_token_that_was_none_of_ours_is_unknown(collect_all, redis_client):
    assert collect_all(None) == [Outcome.UNKNOWN]
    assert entries(redis_client) == []


def test_hits_that_arrive_together_share_one_entry(redis_client):
    async def arrive():
        commit = GroupCommit()
        outcomes = await asyncio.gather(
            *(commit.collect(a_hit(pixel=number.to_bytes(16))) for number in range(50))
        )
        await commit.close()
        return outcomes

    assert asyncio.run(arrive()) == [Outcome.STORED] * 50
    assert [len(entry) for entry in entries(redis_client)] == [50]


def test_hits_that_follow_close_upon_a_group_share_the_next(redis_client, monkeypatch):
    monkeypatch.setattr(group_commit, "PACE", 0.5)

    async def arrive():
        commit, following = GroupCommit(), []
        await asyncio.gather(*(commit.collect(a_hit(pixel=pixel * 16)) for pixel in (b"p", b"q")))
        for number in range(3):
            hit = a_hit(pixel=number.to_bytes(16))
            following.append(asyncio.ensure_future(commit.collect(hit)))
            for _ in range(10):  # turns of the loop, in which each would go by itself
                await asyncio.sleep(0)
        outcomes = await asyncio.gather(*following)
        await commit.close()
        return outcomes

    assert asyncio.run(arrive()) == [Outcome.STORED] * 3
    assert [len(entry) for entry in entries(redis_client)] == [2, 3]


def test_hits_that_come_one_after_the_other_wait_for_nobody(redis_client, monkeypatch):
    monkeypatch.setattr(group_commit, "PACE", 60)

    async def arrive():
        commit = GroupCommit()
        for number in range(3):
            await asyncio.wait_for(commit.collect(a_hit(pixel=number.to_bytes(16))), timeout=10)
        await commit.close()

    asyncio.run(arrive())
    assert [len(entry) for entry in entries(redis_client)] == [1, 1, 1]


def test_hits_that_are_enough_for_a_group_wait_no_longer(redis_client, monkeypatch):
    monkeypatch.setattr(group_commit, "PACE", 60)

    async def arrive():
        commit = GroupCommit()
        await asyncio.gather(*(commit.collect(a_hit(pixel=pixel * 16)) for pixel in (b"p", b"q")))
        many = (a_hit(pixel=number.to_bytes(16)) for number in range(group_commit.ENOUGH))
        following = asyncio.gather(*map(commit.collect, many))
        return await asyncio.wait_for(following, timeout=10)

    assert asyncio.run(arrive()) == [Outcome.STORED] * group_commit.ENOUGH
    assert [len(entry) for entry in entries(redis_client)] == [2, group_commit.ENOUGH]


def test_hits_spread_over_the_shards_by_their_pixel(collect_all, redis_client, settings):
    settings.REDIS_STREAM_SHARDS = 3
    hits = [a_hit(pixel=number.to_bytes(4) * 4) for number in range(9)]
    assert collect_all(*hits) == [Outcome.STORED] * 9
    found = [sum(len(entry) for entry in entries(redis_client, shard)) for shard in range(3)]
    assert found == [3, 3, 3]


def test_no_filter_key_stays_where_the_stream_refuses(redis_client):
    redis_client.set(stream_key(0), "not a stream")
    hit = a_hit()
    with pytest.raises(RedisError):
        stream.append([hit])
    assert not redis_client.exists(filter_key(hit))


def test_the_script_is_sent_again_to_a_redis_that_forgot_it(collect_all, redis_client):
    collect_all(a_hit())
    redis_client.script_flush()
    assert collect_all(a_hit(pixel=b"q" * 16)) == [Outcome.STORED]


def test_a_hit_that_cannot_be_packed_fails_alone(redis_client):
    async def arrive():
        commit = GroupCommit()
        bad = Hit(event_id=b"e" * 16, pixel=b"p" * 16, at=NOON, user_agent="\ud800")
        outcomes = await asyncio.gather(
            commit.collect(a_hit()), commit.collect(bad), return_exceptions=True
        )
        await commit.close()
        return outcomes

    good, bad = asyncio.run(arrive())
    assert good == Outcome.STORED
    assert isinstance(bad, UnicodeEncodeError)


def test_a_client_that_goes_away_takes_no_other_hit_along(redis_client):
    async def arrive():
        commit = GroupCommit()
        gone = asyncio.create_task(commit.collect(a_hit()))
        stays = asyncio.create_task(commit.collect(a_hit(pixel=b"q" * 16)))
        await asyncio.sleep(0)
        gone.cancel()
        outcome = await stays
        await commit.close()
        return outcome

    assert asyncio.run(arrive()) == Outcome.STORED
    assert sum(len(entry) for entry in entries(redis_client)) == 2


def test_one_who_can_not_be_told_costs_no_other_a_word(redis_client, caplog):
    told = []

    def fail(outcome):
        raise LookupError(outcome)

    async def arrive():
        commit = GroupCommit()
        for number, tell in enumerate((told.append, fail, told.append)):
            commit.take(a_hit(pixel=number.to_bytes(16)), tell)
        assert not told
        await commit.close()

    asyncio.run(arrive())
    assert told == [Outcome.STORED] * 2
    assert "could not be told" in caplog.text


def test_those_of_a_group_are_counted_before_anybody_is_told(redis_client):
    counted, told = COUNTERS[Outcome.STORED]._value, []
    before = counted.get()

    async def arrive():
        commit = GroupCommit()
        for number in range(3):
            commit.take(a_hit(pixel=number.to_bytes(16)), lambda _: told.append(counted.get()))
        await commit.close()

    asyncio.run(arrive())
    assert told == [before + 3] * 3


def test_the_consumer_corrects_what_the_filter_let_through(redis_client):
    hit = a_hit(at=NOON + 30 * MINUTE)
    stream.append([hit])
    reader = StreamReader("test")
    reader.correct_filter([(hit, NOON)])
    reader.close()
    assert collect(a_hit(at=NOON + 59 * MINUTE)) == Outcome.REFRESH
    assert collect(a_hit(at=NOON + 61 * MINUTE)) == Outcome.STORED
