from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from tracking.retention import days_ago, forget_openings_before


class Command(BaseCommand):
    help = "Delete openings that are older than OPENING_RETENTION_DAYS; their counts stay."

    def add_arguments(self, parser):
        parser.add_argument("--days", type=int, help="in place of OPENING_RETENTION_DAYS")

    def handle(self, *, days, **options):
        days = settings.OPENING_RETENTION_DAYS if days is None else days
        if not 1 <= days <= 36_500:
            raise CommandError(
                "Say how many days openings are kept, 1 to 36500: by --days, or by "
                "OPENING_RETENTION_DAYS, which is off."
            )
        deleted = 0
        with tqdm(unit=" openings", disable=None) as bar:  # where nobody watches, it draws none
            for number in forget_openings_before(days_ago(days)):
                deleted += number
                bar.update(number)
        self.stdout.write(f"{deleted:,} openings older than {days} days are deleted.")
