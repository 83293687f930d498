"""Celery beat as a thread of a worker, which spares a process: `celery worker --with-beat`.

Celery's own `-B` starts a process for it, which goes on alone where the worker is killed. For one
worker only: each that has it asks for everything.
"""

import logging
from threading import Event, Thread

from celery.beat import Service
from celery.bootsteps import StartStopStep
from celery.worker import state

logger = logging.getLogger(__name__)

LONGEST_REST_S = 1  # it looks that often whether it is to stop
PATIENCE_S = 5  # it may be waiting for a broker that is away; what it has to keep can be lost
FAILED = 1


class BeatThread(Thread):
    """Ends the worker where it ends without having been asked to: nobody would notice, and nothing
    would be done any more when it is due."""

    def __init__(self, service: Service):
        super().__init__(name="beat", daemon=True)
        self.service = service
        self._asked = Event()

    def run(self):
        try:
            self.service.app.set_current()
            self.service.start()
        except Exception as error:
            logger.critical("Beat failed (%s).", type(error).__name__, exc_info=True)
        finally:
            if not self._asked.is_set():
                logger.critical("The worker ends, because its beat has ended.")
                state.should_stop = FAILED  # it ends what it has begun, then with this status

    def ask_to_stop(self):
        self._asked.set()
        self.service.stop()


class BeatStep(StartStopStep):
    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker, with_beat=False, **options):
        self.enabled = with_beat
        self.thread: BeatThread | None = None
        super().__init__(worker, **options)

    def start(self, worker):
        service = Service(
            worker.app,
            max_interval=LONGEST_REST_S,
            schedule_filename=worker.schedule_filename,
            scheduler_cls=worker.scheduler,
            remote_control=False,  # the worker's own tells of the process
        )
        self.thread = BeatThread(service)
        self.thread.start()

    def close(self, worker):
        """Before the worker waits for its tasks."""
        self.thread.ask_to_stop()

    def stop(self, worker):
        self.thread.join(PATIENCE_S)

    terminate = stop
