"""`manage.py consume`, dying or staying at the points that a test arms:

    python -m tests.faults.consumer NAME

    NAME-step             it stays before its next batch
    NAME-before-commit    it dies, or
    NAME-in-transaction   stays, when a batch is written and not committed
    NAME-between-kinds    it dies when the openings are committed, and the page views are written
                          and not committed
    NAME-again            it stays before it tries a transaction again
    NAME-before-ack       it dies when a batch is committed and not acknowledged
    NAME-before-ack-of-views  the same, when it is a batch of page views

And it notes under NAME how many hits each batch had.
"""

import os
import sys

import django
from django.core.management import call_command

from accounts import retry
from tests.faults.points import FOLDER, Points

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
django.setup()

from tracking import consume, record, stream_reader  # noqa: E402
from tracking.management.commands import consume as command  # noqa: E402
from tracking.page_views.hit import ViewHit  # noqa: E402
from tracking.page_views.record import Batch  # noqa: E402

points = Points(os.environ[FOLDER])


def hurry():
    """Small batches, soon, so that two consumers share the work and a test waits for little."""
    consume.BATCH_HITS = 20
    consume.BATCH_MS = 20
    consume.IDLE_MS = 100
    consume.CLAIM_EVERY_S = 0.2
    stream_reader.CLAIM_AFTER_MS = 500
    command.PAUSE_S = 0.2


def place(name: str):
    consume.Consumer.step = before(consume.Consumer.step, lambda: points.stay_at(f"{name}-step"))
    stream_reader.StreamReader.acknowledge = unless_dead(
        name, stream_reader.StreamReader.acknowledge
    )
    retry.close_old_connections = before(
        retry.close_old_connections, lambda: points.stay_at(f"{name}-again")
    )
    store, store_views, settle = record.store, Batch.store, consume.settle

    def store_and_stop(*batch):
        store(*batch)
        points.die_at(f"{name}-before-commit")
        points.stay_at(f"{name}-in-transaction")

    def store_views_and_stop(batch):
        store_views(batch)
        points.die_at(f"{name}-between-kinds")

    def settle_and_note(packed):
        recorded = settle(packed)
        points.note(name, len(packed))
        return recorded

    record.store, consume.settle = store_and_stop, settle_and_note
    Batch.store = store_views_and_stop


def unless_dead(name: str, acknowledge):
    def die_or_acknowledge(self, entries):
        points.die_at(f"{name}-before-ack")
        if entries[0].kind is ViewHit:
            points.die_at(f"{name}-before-ack-of-views")
        acknowledge(self, entries)

    return die_or_acknowledge


def before(function, first):
    def both(*arguments):
        first()
        return function(*arguments)

    return both


if __name__ == "__main__":
    hurry()
    place(sys.argv[1])
    call_command("consume")
