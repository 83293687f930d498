from django.conf import settings
from django.core.management.base import CommandError

from tracking.management.forgetting import ForgettingCommand
from tracking.retention import LEAST_DAYS, days_ago, forget_openings_before


class Command(ForgettingCommand):
    help = "Delete openings that are older than OPENING_RETENTION_DAYS; their counts stay."
    what = "openings"

    def add_arguments(self, parser):
        parser.add_argument("--days", type=int, help="in place of OPENING_RETENTION_DAYS")

    def handle(self, *, days, **options):
        days = settings.OPENING_RETENTION_DAYS if days is None else days
        if not LEAST_DAYS <= days <= 36_500:
            raise CommandError(
                "Say how many days openings are kept, 1 to 36500: by --days, or by "
                "OPENING_RETENTION_DAYS, which is off."
            )
        self.forget(forget_openings_before(days_ago(days)), days)
