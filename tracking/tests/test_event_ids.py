"""Event ids: as many as there are hits, whichever thread or process makes them."""

import os
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID, uuid4

from tracking.event_ids import AT_ONCE, event_id, new_event_id
from tracking.tests.test_hit import hit_of


def test_each_hit_has_an_event_id_of_its_own():
    ids = {hit_of(("x-request-id", "same")).event_id for _ in range(100)}
    assert len(ids) == 100
    assert {UUID(bytes=each).version for each in ids} == {7}


def test_behind_our_proxy_each_try_of_a_request_has_the_same_event_id(settings):
    settings.TRUSTED_PROXIES = 1
    pixel, other = uuid4().bytes, uuid4().bytes
    assert event_id("request", pixel) == event_id("request", pixel)
    assert event_id("request", pixel) != event_id("request", other)
    assert event_id("request", pixel) != event_id("another", pixel)
    assert event_id("", pixel) != event_id("", pixel)


def test_new_ones_are_uuids_and_none_comes_twice():
    made = [new_event_id() for _ in range(5 * AT_ONCE)]
    assert len(set(made)) == len(made)
    assert {(UUID(bytes=each).version, UUID(bytes=each).variant) for each in made} == {
        (7, RFC_4122)
    }


def test_threads_share_none():
    with ThreadPoolExecutor(4) as threads:
        many = threads.map(lambda _: [new_event_id() for _ in range(AT_ONCE * 3)], range(8))
        made = [each for some in many for each in some]
    assert len(set(made)) == len(made)


def test_a_forked_process_shares_none():
    new_event_id()  # so that some are left over
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, new_event_id())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16) not in {new_event_id() for _ in range(AT_ONCE)}
    os.close(reading)
    os.close(writing)
