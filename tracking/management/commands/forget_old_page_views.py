from django.conf import settings
from django.core.management.base import CommandError

from tracking.management.forgetting import ForgettingCommand
from tracking.page_views.retention import forget_views_before
from tracking.retention import days_ago


class Command(ForgettingCommand):
    """By the setting alone. With fewer days than it says, views that are deleted here would be
    taken in again, and a visitor of an hour that is closed counted twice."""

    help = "Delete page views that are older than PAGE_VIEW_RETENTION_DAYS; their counts stay."
    what = "page views"

    def handle(self, **options):
        days = settings.PAGE_VIEW_RETENTION_DAYS
        if not days:
            raise CommandError(
                "Say how many days page views are kept: by PAGE_VIEW_RETENTION_DAYS, which is off."
            )
        self.forget(forget_views_before(days_ago(days)), days)
