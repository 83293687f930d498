from functools import cache

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django_prometheus.db import common

from accounts.collector import go_on_after_loading

# With Django, so that tasks find their application. The package itself loads without Celery, which
# the launcher doesn't need.
from pixeltrack.celery import app

__all__ = ["PixelTrackConfig", "StaffAdminConfig", "app"]

# Else it makes a class for each cursor, which takes longer than some queries, and leaves it to the
# garbage collector. The database's backend is loaded after this.
common.ExportingCursorWrapper = cache(common.ExportingCursorWrapper)


class PixelTrackConfig(AppConfig):
    name = "pixeltrack"
    default = True

    def ready(self):
        go_on_after_loading()


class StaffAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "pixeltrack.admin_site.StaffSite"
