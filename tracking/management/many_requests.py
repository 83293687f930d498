"""What the commands have in common that send one kind of request many times, and measure it."""

import time
from collections import Counter
from itertools import islice
from math import ceil
from statistics import mean

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from tracking.management.sender import Answer, Sender, Unreachable


class ManyRequests(BaseCommand):
    """Its children say in `requests` what is sent."""

    requires_system_checks = []  # it asks a server, which may be on another machine

    def add_arguments(self, parser):
        parser.add_argument("--url", default=settings.PUBLIC_URL, help="of the server: %(default)s")
        parser.add_argument("--count", type=int, default=100, help="of requests: %(default)s")
        parser.add_argument("--concurrency", type=int, default=1, help="at once: %(default)s")
        parser.add_argument(
            "--quiet", action="store_true", help="a progress bar in place of a line per response"
        )

    def requests(self):
        """An iterator over requests, without end."""
        raise NotImplementedError

    def handle(self, *, url, count, concurrency, quiet, **options):
        if count < 1 or concurrency < 1:
            raise CommandError("--count and --concurrency must be above 0.")
        times = ResponseTimes()

        def tell(answer: Answer):
            times.add(answer)
            bar.update()
            if not quiet:
                self.stdout.write(line_of(answer))

        try:
            sender = Sender(url, min(concurrency, count))
            sender.knock()
            # None: where nobody watches, it draws nothing.
            with times, tqdm(total=count, unit=" requests", disable=None if quiet else True) as bar:
                sender.send(islice(self.requests(), count), tell)
        except Unreachable as problem:
            raise CommandError(str(problem)) from None
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
        self.stdout.write(times.summary())
        if times.errors:
            told = ", ".join(f"{what} ({number})" for what, number in times.errors.most_common())
            raise CommandError(f"Not every request was taken: {told}.")


def line_of(answer: Answer) -> str:
    return f"{answer.number + 1}: {in_ms(answer.seconds)} {answer.error}".rstrip()


class ResponseTimes:
    """How long the answers took that came while it was open."""

    def __init__(self):
        self.taken: list[float] = []  # seconds, of each request that the server took
        self.errors: Counter[str] = Counter()
        self.elapsed = 0.0

    def __enter__(self):
        self._began = time.perf_counter()
        return self

    def __exit__(self, *exception):
        self.elapsed = time.perf_counter() - self._began

    def add(self, answer: Answer):
        if answer.error:
            self.errors[answer.error] += 1
        else:
            self.taken.append(answer.seconds)

    def percentile(self, percent: int) -> float:
        """The time within which so many percent were answered: one that was measured."""
        return sorted(self.taken)[ceil(len(self.taken) * percent / 100) - 1]

    def summary(self) -> str:
        errors = self.errors.total()
        told = f"{len(self.taken) + errors} requests, {errors} errors"
        if not self.taken:
            return told
        return (
            f"{told}: average {in_ms(mean(self.taken))}, p50 {in_ms(self.percentile(50))}, "
            f"p99 {in_ms(self.percentile(99))}; {len(self.taken) / self.elapsed:.1f} requests/s"
        )


def in_ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
