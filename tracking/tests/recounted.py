"""What counts and contacts' rows must say, worked out from the openings in the plainest way."""

from collections import Counter
from datetime import timedelta

from tracking.models import ContactOpenings, Opening, OpeningCount

HOUR = timedelta(minutes=60)


def assert_all_follows():
    """Counts and rows are those of the openings, and the openings keep the rules."""
    openings = list(Opening.objects.order_by("pk"))
    assert kept_counts() == counts_of(openings)
    assert kept_rows() == rows_of(openings)
    assert_no_refresh(openings)
    assert_mail_opens(openings)


def kept_counts() -> dict:
    """(group, quarter, verdict, measure) → number, without zeros."""
    kept = Counter()
    for row in OpeningCount.objects.all():
        for measure in OpeningCount.MEASURES:
            kept[row.group_id, row.quarter, row.verdict, measure] += getattr(row, measure)
    return {key: number for key, number in kept.items() if number}


def counts_of(openings) -> dict:
    found = Counter()

    def count(opening, measure):
        minutes = opening.opened_at.minute
        quarter = opening.opened_at.replace(minute=minutes - minutes % 15, second=0, microsecond=0)
        found[opening.group_id, quarter, opening.verdict, measure] += 1

    for opening in openings:
        count(opening, "openings")
        if opening.begins_mail_open:
            count(opening, "mail_opens")
    for theirs in by_contact(openings).values():
        count(first_of(theirs), "first_openings")
        if people := [each for each in theirs if each.verdict in ("human", "proxy")]:
            count(first_of(people), "first_verified")
    return dict(found)


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
        people = [each for each in theirs if each.verdict in ("human", "proxy")]
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
    contacts = {opening.contact_id for opening in openings}
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
