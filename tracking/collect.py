"""Collect: make a hit safe, then say what became of it. The reply waits for this.

First choice is Redis. Under pressure (its stream or memory nears the limit) it is spared, and hits
go to the spool, unless the disk refuses them too; where Redis fails, they go to the fallback.
"""

from redis.exceptions import TimeoutError

from tracking import nodes, stream
from tracking.fallback import fallback, lose, must_spare_disk
from tracking.hit import Hit
from tracking.metrics import COLLECTED, COLLECTED_VIEWS
from tracking.outcome import Outcome
from tracking.page_views.hit import ViewHit
from tracking.way import GROUP_SIZE, REDIS_ERRORS, ways

# Each from the beginning, so that the first one lost is seen as an increase; and looking a label
# up takes as long as counting.
COUNTERS = {outcome: COLLECTED.labels(outcome) for outcome in Outcome}
VIEW_COUNTERS = {outcome: COLLECTED_VIEWS.labels(outcome) for outcome in Outcome}

NOBODY = "no store took them"


def collect(hit: Hit | None) -> Outcome:
    """Take in one hit; None stands for one whose token was not ours."""
    if hit is None:
        return count(Outcome.UNKNOWN)
    [outcome] = take([hit])
    return count(outcome)


def collect_views(hits: list[ViewHit]) -> list[Outcome]:
    """Take in the page views of one request."""
    outcomes = []
    for start in range(0, len(hits), GROUP_SIZE):
        outcomes += take(hits[start : start + GROUP_SIZE])
    return count_views(outcomes)


def take(hits: list[Hit] | list[ViewHit]) -> list[Outcome]:
    """Per hit what became of it, by way of the node that is to have it."""
    outcomes = {}
    for node, positions in stream.positions_by_node(hits).items():
        taken = take_to(node, [hits[position] for position in positions])
        outcomes |= zip(positions, taken, strict=True)
    return [outcomes[position] for position in range(len(hits))]


def take_to(node: str, hits: list[Hit] | list[ViewHit]) -> list[Outcome]:
    """Here a hit itself finds out whether Redis is back; only the lane can ask beside the hits."""
    way = ways.to(node)
    try:
        if way.is_to_measure():
            way.full = stream.full_kinds(node)
            if way.unconfirmed.owes:
                look_for_redis(node)
        if type(hits[0]) in way.full and (outcomes := relieve(hits)):
            return outcomes
        if way.breaker.allows():
            appended = stream.append(hits)
            way.breaker.succeeded()
            if stream.was_dialled(node):
                look_for_redis(node)
            return way.took(hits, appended)
    except REDIS_ERRORS as error:
        if way.failed(error) or nodes.is_cluster():
            look_for_redis(node)
    if outcomes := fallback().take(hits):
        return outcomes
    try:  # no other store is left, and the breaker may be behind the times
        return way.took(hits, stream.append(hits))
    except REDIS_ERRORS:
        return lose(len(hits), NOBODY)


def relieve(hits: list[Hit] | list[ViewHit]) -> list[Outcome] | None:
    """What becomes of hits that Redis had better be spared; None where the disk takes nothing, and
    Redis has to take them after all. Where the disk only runs low, page views are refused: they
    would take what pixels need, and can be sent again."""
    if must_spare_disk(hits):
        return lose(len(hits), NOBODY)
    return fallback().take_to_spool(hits)


def look_for_redis(node: str):
    """A connection is gone: whether Redis is, or was, too."""
    try:
        ways.look()
        run_id = stream.run_id(node)
    except TimeoutError:  # it is there, and its time will come
        return
    except REDIS_ERRORS:
        run_id = None
    ways.to(node).save_unconfirmed(run_id)


def count(outcome: Outcome) -> Outcome:
    COUNTERS[outcome].inc()
    return outcome


def count_all(outcomes: list[Outcome], counters=COUNTERS) -> list[Outcome]:
    for outcome in set(outcomes):
        counters[outcome].inc(outcomes.count(outcome))
    return outcomes


def count_views(outcomes: list[Outcome]) -> list[Outcome]:
    return count_all(outcomes, VIEW_COUNTERS)
