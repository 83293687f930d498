"""What keeps the figures waiting keeps nobody else waiting, and them not for ever."""

import asyncio
import threading

import pytest

from tracking.page_views import finder as finder_module
from tracking.page_views.finder import THREADS, Finder
from tracking.page_views.reply import Refused


class Slow:
    """A question whose answer comes when it may."""

    def __init__(self, release: threading.Event):
        self._release = release
        self.begun = threading.Event()

    def answer(self, as_of) -> dict:
        self.begun.set()
        self._release.wait(30)
        return {"total_views": 7}


@pytest.fixture
def release():
    event = threading.Event()
    yield event
    event.set()


def with_finder(work):
    async def run():
        finder = Finder()
        try:
            return await work(finder)
        finally:
            finder.close()

    return asyncio.run(run())


def refused(task) -> bool:
    return isinstance(task, Refused) and (task.status, task.code) == (503, "unavailable")


def test_an_answer_that_does_not_come_in_time_is_given_up(release, monkeypatch):
    monkeypatch.setattr(finder_module, "WITHIN_S", 0.05)
    hanging = [Slow(release) for _ in range(THREADS)]
    queued = Slow(release)

    async def ask(finder):
        asked = [finder.find(question) for question in [*hanging, queued]]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert all(map(refused, answers))
        assert all(question.begun.wait(5) for question in hanging)
        release.set()
        monkeypatch.setattr(finder_module, "WITHIN_S", 20)
        return await finder.find(Slow(release))

    assert with_finder(ask) == b'{"total_views": 7}'
    assert not queued.begun.is_set()  # nobody waits for it any more


def test_no_more_questions_wait_than_may(release, monkeypatch):
    monkeypatch.setattr(finder_module, "MOST_ASKED", THREADS + 1)
    monkeypatch.setattr(finder_module, "WITHIN_S", 5)

    async def ask(finder):
        waiting = [asyncio.ensure_future(finder.find(Slow(release))) for _ in range(THREADS + 1)]
        await asyncio.sleep(0)
        with pytest.raises(Refused):
            await finder.find(Slow(release))
        assert not any(task.done() for task in waiting)  # it did not wait for its turn
        release.set()
        assert len(await asyncio.gather(*waiting)) == THREADS + 1
        return await finder.find(Slow(release))

    assert with_finder(ask) == b'{"total_views": 7}'


def test_figures_leave_the_threads_alone_that_others_share(release):
    async def ask(finder):
        loop = asyncio.get_running_loop()
        waiting = [asyncio.ensure_future(finder.find(Slow(release))) for _ in range(40)]
        await asyncio.sleep(0)
        await asyncio.wait_for(loop.run_in_executor(None, lambda: None), 20)
        assert not any(task.done() for task in waiting)
        release.set()
        await asyncio.gather(*waiting)

    with_finder(ask)
