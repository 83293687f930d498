"""What the commands have in common that delete what is older than so many days."""

from collections.abc import Iterator

from django.core.management.base import BaseCommand
from tqdm import tqdm


class ForgettingCommand(BaseCommand):
    what: str  # "openings"

    def forget(self, steps: Iterator[int], days: int):
        """Take all of the steps, each of which deletes so many, and say how many it was."""
        deleted = 0
        with tqdm(unit=f" {self.what}", disable=None) as bar:  # where nobody watches, none is drawn
            for number in steps:
                deleted += number
                bar.update(number)
        self.stdout.write(f"{deleted:,} {self.what} older than {days} days are deleted.")
