"""The Celery application, whose worker rests after each chunk of an import while the point
`import-after-chunk` is armed:

    celery -A tests.faults.importer_at_rest worker
"""

import os

import django

from pixeltrack.celery import app
from tests.faults.points import FOLDER, Points

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
django.setup()

from campaigns.import_chunk import ImportChunk  # noqa: E402

__all__ = ["app"]

points = Points(os.environ[FOLDER])
take_in = ImportChunk.take_in


def take_in_and_rest(chunk, *arguments):
    take_in(chunk, *arguments)
    points.stay_at("import-after-chunk")


ImportChunk.take_in = take_in_and_rest
