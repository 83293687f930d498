from celery.beat import PersistentScheduler

from tracking.heartbeat import Heartbeat


class Scheduler(PersistentScheduler):
    """Celery beat's own, with a sign of life for each time that it looks what is due."""

    heartbeat = Heartbeat("beat")

    def tick(self, *arguments, **options):
        self.heartbeat.beat()
        return super().tick(*arguments, **options)
