from functools import cache

from django.apps import AppConfig
from django_prometheus.db import common

# Else it makes a class for each cursor, which takes longer than some queries, and leaves it to the
# garbage collector. The database's backend is loaded after this.
common.ExportingCursorWrapper = cache(common.ExportingCursorWrapper)


class PixelTrackConfig(AppConfig):
    name = "pixeltrack"
