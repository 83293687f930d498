"""What counts and contacts' rows must say, worked out from the openings in the plainest way."""

from collections import Counter
from datetime import UTC, timedelta

from campaigns.models import Group
from tracking.models import (
    ArchivedOpeningCount,
    ContactOpenings,
    Opening,
    OpeningCount,
)
from tracking.rebuild import Rebuild

HOUR = timedelta(minutes=60)
PEOPLE = ("human", "proxy")


def assert_all_follows():
    """Counts and rows are those of the openings, and the openings keep the rules."""
    openings = all_openings()
    assert stored_counts(OpeningCount) == counts_of(openings)
    assert kept_rows() == rows_of(openings)
    # Of erased and anonymous readers nobody knows which openings are theirs.
    known = [opening for opening in openings if opening.user_agent]
    assert_no_refresh(known)
    assert_mail_opens(known)
    assert drift() == 0


def assert_counts_hold():
    """The same where retention has deleted some: kept = archived + those of what is left."""
    archived, kept = stored_counts(ArchivedOpeningCount), stored_counts(OpeningCount)
    together = archived.copy()
    together.update(rebuilt_counts())
    assert kept == together
    assert all(number > 0 for counts in (kept, archived) for number in counts.values())
    for row in ContactOpenings.objects.all():
        left = Opening.objects.filter(contact=row.pk)
        assert row.openings == row.archived_openings + left.count()
        mail_opens = left.filter(begins_mail_open=True).count()
        assert row.mail_opens == row.archived_mail_opens + mail_opens
    assert drift() == 0


def drift(mend=False) -> int:
    """What `rebuild_counts` finds."""
    rebuild = Rebuild(list(Group.objects.values_list("pk", flat=True)), mend)
    return sum(step.drift for step in rebuild.steps())


def all_openings() -> list[Opening]:
    openings = Opening.objects.select_related("pixel", "user_agent", "contact")
    return list(openings.order_by("pk"))


def stored_counts(model) -> Counter:
    """What a table says, and the breakdown that belongs to it, without zeros: key of the row and
    measure → number."""
    return Counter(
        {
            (*(row[name] for name in table.KEY), measure): row[measure]
            for table in (model, model.breakdown)
            for row in table.objects.values(*table.KEY, *table.MEASURES)
            for measure in table.MEASURES
            if row[measure]
        }
    )


def rebuilt_counts() -> Counter:
    """The same, from the openings that are left.

    A contact whose first opening was archived has none any more, whatever else is left of it.
    """
    known = {row.pk: row for row in ContactOpenings.objects.all()}
    first = {pk for pk, row in known.items() if row.first_archived}
    verified = {pk for pk, row in known.items() if row.first_verified_archived}
    return counts_of(all_openings(), first, verified)


def counts_of(openings, without_first=(), without_first_verified=()) -> Counter:
    found = Counter()

    def count(opening, measure, **more):
        minutes = opening.opened_at.minute
        quarter = opening.opened_at.replace(minute=minutes - minutes % 15, second=0, microsecond=0)
        found[opening.group_id, quarter, opening.verdict, measure] += 1
        day = opening.opened_at.astimezone(UTC).date()
        for dimension, value in (traits_of(opening) | more).items():
            found[opening.group_id, day, dimension, value, opening.verdict, measure] += 1

    for opening in openings:
        count(opening, "openings")
        if opening.begins_mail_open:
            count(opening, "mail_opens")
    for contact, theirs in by_contact(openings).items():
        if contact not in without_first:
            first = first_of(theirs)
            count(first, "first_openings", delay=delay_of(first), **rendered_of(theirs))
        people = [each for each in theirs if each.verdict in PEOPLE]
        if people and contact not in without_first_verified:
            first = first_of(people)
            count(first, "first_verified", delay=delay_of(first), **rendered_of(people))
    return found


def traits_of(opening) -> dict[str, str]:
    if opening.contact is None:  # anonymous
        return {"reason": opening.reason}
    agent = opening.user_agent
    return {
        "reason": opening.reason,
        "pixel": str(opening.pixel.number),
        "client": agent.client if agent else "",
        "os": agent.os if agent else "",
        "device": agent.device if agent else "",
    }


def delay_of(opening) -> str:
    """The second at which the bucket begins: a tenth of a power of ten, rounded."""
    begun = opening.contact.sent_at or opening.contact.scheduled_at
    seconds = int((opening.opened_at - begun).total_seconds())
    if seconds < 1:
        return "0"
    begins = [round(10 ** (tenth / 10)) for tenth in range(76)]
    return str(max(begin for begin in begins if begin <= seconds))


def rendered_of(theirs) -> dict[str, str]:
    numbers = set(theirs[0].contact.pixels.values_list("number", flat=True))
    seen = {opening.pixel.number for opening in theirs}
    if len(numbers) == 1:
        return {}
    return {"rendered": "complete" if seen == numbers else "top" if seen == {1} else "part"}


def kept_rows() -> dict:
    return {
        row.contact_id: (
            row.openings,
            row.mail_opens,
            row.first_at,
            row.first_verdict,
            row.last_at,
            row.first_verified_at,
            row.first_verified_verdict,
        )
        for row in ContactOpenings.objects.all()
    }


def rows_of(openings) -> dict:
    rows = {}
    for contact, theirs in by_contact(openings).items():
        people = [each for each in theirs if each.verdict in PEOPLE]
        rows[contact] = (
            len(theirs),
            len([each for each in theirs if each.begins_mail_open]),
            first_of(theirs).opened_at,
            first_of(theirs).verdict,
            max(each.opened_at for each in theirs),
            first_of(people).opened_at if people else None,
            first_of(people).verdict if people else "",
        )
    return rows


def by_contact(openings) -> dict:
    contacts = {opening.contact_id for opening in openings} - {None}
    return {
        contact: [each for each in openings if each.contact_id == contact] for contact in contacts
    }


def first_of(openings):
    return min(openings, key=lambda opening: (opening.opened_at, opening.pk))


def reader_of(opening):
    return opening.contact_id, opening.user_agent_id, opening.network_label


def near(one, other) -> bool:
    return abs(one.opened_at - other.opened_at) < HOUR


def assert_no_refresh(openings):
    for one in openings:
        for other in openings:
            same = (one.pixel_id, reader_of(one)) == (other.pixel_id, reader_of(other))
            assert one is other or not (same and near(one, other))


def assert_mail_opens(openings):
    """No two within an hour, and none missing."""
    for one in openings:
        mail_opens = [
            other
            for other in openings
            if other.begins_mail_open and reader_of(other) == reader_of(one) and near(one, other)
        ]
        assert len(mail_opens) > 0
        assert not one.begins_mail_open or mail_opens == [one]
