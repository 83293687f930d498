"""The counts made anew, the slow way, to hold the kept ones against."""

from collections import Counter
from itertools import groupby
from operator import attrgetter

from tracking.models import ArchivedOpeningCount, ContactOpenings, Opening, OpeningCount
from tracking.models.count import MEASURES, quarter_of


def stored_counts(model) -> Counter:
    """(group id, quarter, verdict, measure) → number, without zeros."""
    keys = ("group_id", "quarter", "verdict")
    return Counter(
        {
            (*(row[key] for key in keys), measure): row[measure]
            for row in model.objects.values(*keys, *MEASURES)
            for measure in MEASURES
            if row[measure]
        }
    )


def rebuilt_counts() -> Counter:
    """The same, from the openings that are left.

    A contact whose first opening was archived has none any more, whatever else is left of it.
    """
    counts = Counter()

    def note(opening, measure):
        counts[opening.group_id, quarter_of(opening.opened_at), opening.verdict, measure] += 1

    openings = list(Opening.objects.order_by("contact_id", "opened_at", "pk"))
    for opening in openings:
        note(opening, "openings")
        if opening.begins_mail_open:
            note(opening, "mail_opens")
    individual = [opening for opening in openings if opening.contact_id]
    for contact_id, group in groupby(individual, attrgetter("contact_id")):
        known, own = ContactOpenings.objects.get(contact=contact_id), list(group)
        verified = [opening for opening in own if opening.verdict != "machine"]
        if not known.first_archived:
            note(own[0], "first_openings")
        if verified and not known.first_verified_archived:
            note(verified[0], "first_verified")
    return counts


def assert_counts_hold():
    """Kept = archived + rebuilt, for every group, quarter, verdict and measure."""
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
