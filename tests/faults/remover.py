"""The Celery application, whose worker dies in the middle of a removal:

    celery -A tests.faults.remover worker

    remover-in-step       it dies when a step is written and not committed, or
    remover-after-step    when it is committed

A point is armed with the id of a campaign and the number of the step of its removal. Whatever
else waits to be removed is removed as ever.
"""

import os
from datetime import timedelta
from itertools import count

import django

from pixeltrack.celery import app
from tests.faults.points import FOLDER, Points

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
django.setup()

from campaigns import removal_steps  # noqa: E402
from campaigns.models import Campaign, leased, removal  # noqa: E402

__all__ = ["app"]

points = Points(os.environ[FOLDER])
removal_steps.STEP_CONTACTS = 50
leased.LEASE = timedelta(seconds=2)  # so that a test waits for little


def step_to_die_in(point: str, its_removal) -> str | None:
    """The step that the point is armed with, if it is armed with the campaign of this removal."""
    campaign, _, step = (points.text(point) or "").partition(" ")
    meant = Campaign.everything.filter(pk=campaign or None, removal=its_removal)
    return step if meant.exists() else None


def dying_after(function, point: str):
    calls = count(1)

    def function_and_die(its_removal, *arguments, **more):
        last = step_to_die_in(point, its_removal)  # asked before: the campaign may go as well
        done = function(its_removal, *arguments, **more)
        if last and str(next(calls)) == last:
            points.die_at(point)
        return done

    return function_and_die


removal.Removal.advance = dying_after(removal.Removal.advance, "remover-in-step")
removal_steps.step = dying_after(removal_steps.step, "remover-after-step")
