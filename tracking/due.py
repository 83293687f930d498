"""What follows by itself when what counts are made from has changed all at once.

Names of clients, systems and devices become what they are called today, and then the counts of the
groups concerned are rebuilt: in small steps, each of which is kept, so that whoever goes on does so
where another one was broken off. Two at once do some of it twice, and no harm.
"""

import time
from collections.abc import Callable, Iterator
from datetime import date

from tracking.models import CountedDay, RebuildDue, UserAgent
from tracking.pace import paced
from tracking.rebuild import Rebuild, place_of


def work(seconds: float, pause: Callable[[float], None] = time.sleep):
    """Go on for about so long, or until nothing is left."""
    # Never both in one run: whoever records an opening at this moment may have read the old names,
    # and has long committed when the next run comes.
    steps = describe() if UserAgent.objects.outdated().exists() else rebuild()
    paced(steps, seconds, pause)


def describe() -> Iterator[int]:
    """Describe User-Agents anew that others have described than the names' data of today."""
    while done := UserAgent.objects.describe_anew(ask_for_all):
        yield done


def ask_for_all():
    """Which days have such openings would take longer to find out than to count them."""
    RebuildDue.objects.ask(CountedDay.objects.order_by().values_list("group", flat=True).distinct())


def rebuild() -> Iterator[int]:
    """Rebuild what is due, group by group."""
    # Not of groups that are being removed: they go with what is due.
    while due := RebuildDue.objects.filter(group__removal=None).order_by("pk").first():
        yield from rebuild_one(due)


def rebuild_one(due: RebuildDue) -> Iterator[int]:
    row = RebuildDue.objects.filter(pk=due.pk)
    kind, group_id, position = place_of(due.place)
    if not group_id:  # from here on it may be asked again
        row.update(place=text_of((kind, due.group_id, position)))
    walk = Rebuild([due.group_id], after=(kind, group_id, position))
    for step in walk.steps():
        row.update(place=text_of(step.place))
        yield step.done
    row.delete()


def text_of(place: tuple[str, int, int | date]) -> str:
    return "/".join(map(str, place))
