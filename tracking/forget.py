from django.db.models import QuerySet

from tracking.models import ContactOpenings, Opening, OpeningCount, Tally


def forget_openings(contacts: QuerySet):
    """Delete all openings of some contacts, which the caller has locked; the counts follow."""
    # By their ids: given a subquery in a DELETE, MariaDB reads the whole table.
    contacts = list(contacts.values_list("pk", flat=True))
    tally = Tally()
    openings = Opening.objects.filter(contact__in=contacts)
    for opening in openings.only("group_id", "opened_at", "verdict", "begins_mail_open").iterator():
        opening.tally(tally, -1)
    rows = ContactOpenings.objects.filter(contact__in=contacts)
    for row in rows.select_related("contact").iterator():
        row.tally_firsts(tally, row.contact.group_id, -1)
    openings.delete()
    rows.delete()
    OpeningCount.objects.add(tally)
