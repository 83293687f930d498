"""The points of a web process.

    web-before-script, web-after-script   it dies
    web-blind                             it does not measure how full Redis is
    web-hurried                           its fallback has no more time than in life
    web-clock                             its clock is that many minutes ahead

And it notes under "asked" each time that it turns to Redis, under "tried" and "ended" when
an attempt to record in the database begins and ends.
"""

import os
import time
from types import SimpleNamespace

from django.conf import settings

from tests.faults.points import FOLDER, Points
from tracking import fallback, hit
from tracking.stream import AsyncAppender

# A slow machine is no fault: it must change no outcome.
PATIENCE_S = 10
REDIS_PATIENCE_S = 3

points = Points(os.environ[FOLDER])


def place():
    settings.REDIS_HOT |= dict.fromkeys(
        ("socket_timeout", "socket_connect_timeout"), REDIS_PATIENCE_S
    )
    AsyncAppender.append = around_script(AsyncAppender.append)
    AsyncAppender.full_kinds = unless_blind(AsyncAppender.full_kinds)
    fallback.Database.take = with_patience(fallback.Database.take)
    fallback.record_directly = noted(fallback.record_directly)
    hit.time = SimpleNamespace(time_ns=shifted_time)


def around_script(append):
    async def append_unless_killed(self, hits):
        points.die_at("web-before-script")
        points.note("asked")
        appended = await append(self, hits)
        points.die_at("web-after-script")
        return appended

    return append_unless_killed


def unless_blind(full_kinds):
    async def measure(self):
        if points.text("web-blind") is not None:
            return set()
        points.note("asked")
        return await full_kinds(self)

    return measure


def with_patience(take):
    budgets = fallback.DATABASE_BUDGET_S, fallback.SQLITE_BUDGET_MS

    def take_in_time(self, hits):
        hurried = points.text("web-hurried") is not None
        seconds, milliseconds = budgets if hurried else (PATIENCE_S, PATIENCE_S * 1000)
        fallback.DATABASE_BUDGET_S, fallback.SQLITE_BUDGET_MS = seconds, milliseconds
        return take(self, hits)

    return take_in_time


def noted(record_directly):
    def record_and_note(*arguments):
        points.note("tried")
        try:
            return record_directly(*arguments)
        finally:
            points.note("ended")

    return record_and_note


def shifted_time() -> int:
    return time.time_ns() + int(points.text("web-clock") or 0) * 60 * 10**9
