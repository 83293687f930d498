from collections import Counter

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from campaigns.management.noted import signals_noted
from tracking.reclassify import Change, Reclassification
from tracking.verdict import RULES


class Command(BaseCommand):
    help = (
        "Judge old openings by the rules of today, and mend the counts; hits may keep coming. "
        "Ctrl-C and SIGTERM stop it after a whole step, and it says how to go on."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="tell, and change nothing")
        parser.add_argument(
            "--all",
            action="store_true",
            help="also what the rules of today have judged: when a sent_at came later",
        )
        parser.add_argument("--after", type=int, default=0, metavar="ID", help="begin behind it")

    def handle(self, *, dry_run, after, **options):
        rules = RULES.value
        if RULES.problem:
            raise CommandError(
                f"{RULES.installed} is refused: {RULES.problem} Nothing was judged. Install rules "
                "that fit with manage.py update_verdict_data, or delete that file for those that "
                "ship."
            )
        work = Reclassification(rules, after=after, anew=options["all"], dry_run=dry_run)
        judged, changes, up_to, problem, code = 0, Counter(), after, "", 0
        # None: where nobody watches, it draws nothing.
        bar = tqdm(total=work.last, initial=min(after, work.last), unit=" ids", disable=None)
        with signals_noted() as noted, bar:
            try:
                for step in work.steps():
                    judged, up_to = judged + step.judged, step.up_to
                    changes.update(step.changes)
                    bar.set_postfix_str(f"{changes.total():,} changed", refresh=False)
                    bar.update(up_to - bar.n)
                    if noted.is_set():
                        problem, code = "Stopped.", 128 + noted.number
                        break
            except DatabaseError as error:
                problem, code = f"The database failed ({error}).", 1
        self.tell(rules.date, judged, changes, dry_run)
        if problem:
            flags = [
                name for name, given in (("--dry-run", dry_run), ("--all", work.anew)) if given
            ]
            # Without any of them, the dates of the openings tell where to go on.
            line = ["manage.py reclassify", *flags, *([f"--after {up_to}"] if flags else [])]
            told = f"{problem} What was judged so far is kept; go on with: {' '.join(line)}"
            raise CommandError(told, returncode=code)

    def tell(self, date, judged: int, changes: Counter[Change], dry_run: bool):
        would = "would be" if dry_run else "are"
        self.stdout.write(
            f"{judged:,} openings {would} judged by the rules of {date}: "
            f"{changes.total():,} otherwise than before."
        )
        for (before, after), number in changes.most_common():
            self.stdout.write(f"{number:>12,}  {' '.join(before)} → {' '.join(after)}")
