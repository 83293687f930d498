from django.db.models import QuerySet

from tracking.models import ArchivedOpeningCount, ContactOpenings, Opening, OpeningCount, Tally
from tracking.rule_set import ERASED


def forget_openings(contacts: QuerySet):
    """Delete all openings of some contacts, which the caller has locked; the counts follow.

    Of openings that retention deleted before, nobody knows any more in which quarters they were:
    they stay counted, as anonymous history. The contacts' first openings are known, and go.
    """
    # By their ids: given a subquery in a DELETE, MariaDB reads the whole table.
    contacts = list(contacts.values_list("pk", flat=True))
    tally, archive = Tally(), Tally()
    openings = Opening.objects.filter(contact__in=contacts)
    for opening in openings.as_counted().iterator():
        opening.tally(tally, -1)
    rows = ContactOpenings.objects.filter(contact__in=contacts)
    for row in rows.select_related("contact").iterator():
        row.tally_firsts(tally, row.contact.group_id, -1)
        row.tally_archived_firsts(archive, row.contact.group_id, -1)
    openings.delete()
    rows.delete()
    OpeningCount.objects.add(tally)
    ArchivedOpeningCount.objects.add(archive)


def forget_readers(contacts: QuerySet):
    """The openings of some contacts, which the caller has locked, stay and count; who read, and
    with what, is gone, and so they count among those of which it is not known. A User-Agent's own
    row stays: without openings it tells of nobody.

    The verdict stays, since the counts have it, and no rules can judge again without evidence."""
    contacts = dict(contacts.values_list("pk", "group"))
    tally = Tally()
    openings = Opening.objects.filter(contact__in=list(contacts))
    for opening in openings.as_counted().iterator():
        opening.tally(tally, -1)
        opening.user_agent_id, opening.reason = None, ERASED
        opening.tally(tally, 1)
    openings.update(
        user_agent=None,
        network="",
        network_label="",
        prefetch=False,
        referer="",
        reason=ERASED,
        rules_date=None,
    )
    rows = list(ContactOpenings.objects.filter(contact__in=list(contacts)).order_by("pk"))
    for row in rows:
        group_id = contacts[row.contact_id]
        row.tally_firsts(tally, group_id, -1)
        row.forget_reader(ERASED)
        row.tally_firsts(tally, group_id, 1)
    ContactOpenings.objects.store(rows)
    OpeningCount.objects.add(tally)
