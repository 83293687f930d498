"""What /metrics tells: the numbers that processes keep, and what others must be asked for."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from django.db import Error as DatabaseError
from django.db import close_old_connections
from prometheus_client import REGISTRY, disable_created_metrics, generate_latest
from prometheus_client.metrics_core import Metric
from redis import RedisError

from pixeltrack.metric_files import MetricFiles

logger = logging.getLogger(__name__)

disable_created_metrics()  # as in multiprocess mode, which knows none

BUDGET_S = 2  # for the answers of all stores; Prometheus itself waits for 10 seconds


class Asked:
    """A store that is asked when somebody wants to know. One that fails, or has no answer in time,
    leaves its numbers out."""

    def __init__(self, ask: Callable[[], Iterable[Metric]]):
        self._ask = ask
        self._asking = threading.Lock()  # also as long as an answer is overdue

    def begin(self, deadline: float) -> Callable[[], list[Metric]]:
        """What gives the answer, by then (time.monotonic()); others are asked meanwhile."""
        answer, answered = [], threading.Event()
        asking = (deadline, answer, answered)
        threading.Thread(target=self._try, args=asking, daemon=True).start()
        return lambda: list(answer) if answered.wait(left_until(deadline)) else []

    def _try(self, deadline: float, answer: list, answered: threading.Event):
        if not self._asking.acquire(timeout=left_until(deadline)):
            return
        found = []
        try:
            found = list(self._ask())
        except (DatabaseError, RedisError, OSError) as error:
            logger.warning("Some metrics are left out (%s).", type(error).__name__)
        finally:
            close_old_connections()
            self._asking.release()
            answer += found
            answered.set()


def left_until(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


class Exposition:
    """The text for one scrape, with the numbers of these stores."""

    def __init__(self, *stores: Asked, budget: float = BUDGET_S):
        self._stores, self._budget = stores, budget

    def collect(self) -> Iterator[Metric]:
        deadline = time.monotonic() + self._budget
        answers = [store.begin(deadline) for store in self._stores]
        yield from (MetricFiles.shared() or REGISTRY).collect()
        for answer in answers:
            yield from answer()

    def text(self) -> bytes:
        return generate_latest(self)
