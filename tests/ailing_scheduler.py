"""Schedulers of Celery beat that break off after they have asked for something."""

from pixeltrack.scheduler import Scheduler


class Failing(Scheduler):
    def apply_entry(self, *arguments, **options):
        super().apply_entry(*arguments, **options)
        raise RuntimeError("nothing more comes")


class Leaving(Scheduler):
    """As a library does that takes itself for the whole program."""

    def apply_entry(self, *arguments, **options):
        super().apply_entry(*arguments, **options)
        raise SystemExit(0)
