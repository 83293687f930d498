from django.db import connections, models

from campaigns.models import Contact
from campaigns.models.scoped import GroupScopedQuerySet
from tracking.models.count import Tally
from tracking.models.opening import Opening
from tracking.models.verdict import Verdict


class ContactOpeningsQuerySet(GroupScopedQuerySet):
    group_path = "contact__group"

    def store(self, rows: list["ContactOpenings"]):
        """Insert or overwrite; the caller holds the locks of the contacts."""
        fields = [field.name for field in ContactOpenings._meta.fields if not field.primary_key]
        # MySQL takes any unique key for the conflict, and Django refuses to name one there.
        named = connections[self.db].features.supports_update_conflicts_with_target
        self.bulk_create(
            rows,
            update_conflicts=True,
            update_fields=fields,
            unique_fields=["contact"] if named else None,
        )

    def recompute(self, contact_id: int, group_id: int, tally: Tally):
        """Know again, from the openings that there are, what is known of a contact whose lock
        the caller holds; the tally follows its first openings."""
        for row in self.filter(contact=contact_id):
            row.tally_firsts(tally, group_id, -1)
        known = ContactOpenings(contact_id=contact_id)
        # In the order of arrival, which decides between two first ones at the same moment.
        openings = Opening.objects.filter(contact=contact_id).order_by("pk")
        for opening in openings.only("opened_at", "verdict", "begins_mail_open").iterator():
            known.add(opening)
        if known.openings:
            known.tally_firsts(tally, group_id, 1)
            self.store([known])
        else:
            self.filter(contact=contact_id).delete()


class ContactOpenings(models.Model):
    """What is known of a contact's openings. No import or edit of the contact touches it.

    "First" goes by `opened_at`, not by arrival. The verdicts of the first openings are kept
    because they are counted under them.
    """

    # Leaves with its contact's openings, before the contact (Contact.remove()).
    contact = models.OneToOneField(
        Contact, models.DO_NOTHING, primary_key=True, related_name="opened"
    )
    openings = models.PositiveIntegerField(default=0)
    mail_opens = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    first_verdict = models.CharField(max_length=7, choices=Verdict)
    last_at = models.DateTimeField()
    first_verified_at = models.DateTimeField(null=True)
    first_verified_verdict = models.CharField(max_length=7, choices=Verdict, blank=True)

    objects = ContactOpeningsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "contact openings"

    def __str__(self):
        return f"openings of {self.contact}"

    def add(self, opening: Opening):
        """Take one more opening into account, in whatever order they come."""
        self.openings += 1
        self.mail_opens += opening.begins_mail_open
        if self.first_at is None or opening.opened_at < self.first_at:
            self.first_at, self.first_verdict = opening.opened_at, opening.verdict
        if self.last_at is None or opening.opened_at > self.last_at:
            self.last_at = opening.opened_at
        if Verdict.verified(opening.verdict) and (
            self.first_verified_at is None or opening.opened_at < self.first_verified_at
        ):
            self.first_verified_at = opening.opened_at
            self.first_verified_verdict = opening.verdict

    def tally_firsts(self, tally: Tally, group_id: int, sign: int):
        """Put this contact's first openings into the tally, or (sign -1) take them out."""
        if self.first_at:
            tally.note(group_id, self.first_at, self.first_verdict, first_openings=sign)
        if self.first_verified_at:
            verdict = self.first_verified_verdict
            tally.note(group_id, self.first_verified_at, verdict, first_verified=sign)
