"""The Celery application, whose worker dies in the middle of a removal:

    celery -A tests.faults.remover worker

    remover-in-step       it dies when a step is written and not committed, or
    remover-after-step    when it is committed

The point is armed with the number of the step.
"""

import os
from datetime import timedelta
from itertools import count

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
django.setup()

from campaigns import removal_steps  # noqa: E402
from campaigns.models import leased, removal  # noqa: E402
from pixeltrack.celery import app  # noqa: E402
from tests.faults.points import FOLDER, Points  # noqa: E402

__all__ = ["app"]

points = Points(os.environ[FOLDER])
removal_steps.STEP_CONTACTS = 50
leased.LEASE = timedelta(seconds=2)  # so that a test waits for little


def dying_after(function, point: str):
    calls = count(1)

    def function_and_die(*arguments, **more):
        done = function(*arguments, **more)
        if points.text(point) == str(next(calls)):
            points.die_at(point)
        return done

    return function_and_die


removal.Removal.advance = dying_after(removal.Removal.advance, "remover-in-step")
removal_steps.step = dying_after(removal_steps.step, "remover-after-step")
