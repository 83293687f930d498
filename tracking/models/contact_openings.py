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

    def recompute(self, groups: dict[int, int], tally: Tally):
        """Know again, from the openings that there are and from what is settled, what is known
        of some contacts (id → group id), whose locks the caller holds; the tally follows their
        first openings."""
        known = {contact_id: ContactOpenings(contact_id=contact_id) for contact_id in groups}
        for row in self.filter(contact__in=groups):
            row.tally_firsts(tally, groups[row.contact_id], -1)
            known[row.contact_id] = row.settled()
        # In the order of arrival, which decides between two first ones at the same moment.
        openings = Opening.objects.filter(contact__in=groups).order_by("pk")
        fields = ("contact_id", "opened_at", "verdict", "begins_mail_open")
        for opening in openings.only(*fields).iterator():
            known[opening.contact_id].add(opening)
        for contact_id, row in known.items():
            row.tally_firsts(tally, groups[contact_id], 1)
        rows = [known[contact_id] for contact_id in sorted(known)]
        self.store([row for row in rows if row.openings])
        if gone := [row.contact_id for row in rows if not row.openings]:
            self.filter(contact__in=gone).delete()


class ContactOpenings(models.Model):
    """What is known of a contact's openings. No import or edit of the contact touches it.

    "First" goes by `opened_at`, not by arrival. The verdicts of the first openings are kept
    because they are counted under them.

    It outlives the openings that retention deletes. A first opening that was deleted so is
    settled: it is counted in the archive, and no other opening takes its place, not even one
    that arrives late and is older. Whoever makes this row anew from the openings that are left
    adds the archived numbers and leaves what is settled as it is.
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
    archived_openings = models.PositiveIntegerField(
        default=0, help_text="How many of its openings retention has deleted."
    )
    archived_mail_opens = models.PositiveIntegerField(default=0)
    first_archived = models.BooleanField(default=False)
    first_verified_archived = models.BooleanField(default=False)

    objects = ContactOpeningsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "contact openings"

    def __str__(self):
        return f"openings of {self.contact}"

    def add(self, opening: Opening):
        """Take one more opening into account, in whatever order they come."""
        self.openings += 1
        self.mail_opens += opening.begins_mail_open
        if self.first_at is None or (not self.first_archived and opening.opened_at < self.first_at):
            self.first_at, self.first_verdict = opening.opened_at, opening.verdict
        if self.last_at is None or opening.opened_at > self.last_at:
            self.last_at = opening.opened_at
        if Verdict.verified(opening.verdict) and (
            self.first_verified_at is None
            or (not self.first_verified_archived and opening.opened_at < self.first_verified_at)
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

    def tally_archived_firsts(self, archive: Tally, group_id: int, sign: int):
        """The same for the archive, which has those whose opening was deleted."""
        if self.first_archived:
            archive.note(group_id, self.first_at, self.first_verdict, first_openings=sign)
        if self.first_verified_archived:
            verdict = self.first_verified_verdict
            archive.note(group_id, self.first_verified_at, verdict, first_verified=sign)

    def settled(self) -> "ContactOpenings":
        """What retention has settled of this row, for openings to be added to."""
        known = ContactOpenings(
            contact_id=self.contact_id,
            openings=self.archived_openings,
            mail_opens=self.archived_mail_opens,
            archived_openings=self.archived_openings,
            archived_mail_opens=self.archived_mail_opens,
            first_archived=self.first_archived,
            first_verified_archived=self.first_verified_archived,
        )
        if self.first_archived:
            known.first_at, known.first_verdict = self.first_at, self.first_verdict
            known.last_at = self.first_at  # at least: the others' times are forgotten
        if self.first_verified_archived:
            known.first_verified_at = self.first_verified_at
            known.first_verified_verdict = self.first_verified_verdict
        return known

    def archive(self, openings: list[Opening], archive: Tally, group_id: int):
        """These openings, the contact's oldest, are being deleted: settle the firsts among them."""
        self.archived_openings += len(openings)
        self.archived_mail_opens += sum(opening.begins_mail_open for opening in openings)
        last = max(opening.opened_at for opening in openings)
        self.tally_archived_firsts(archive, group_id, -1)
        self.first_archived |= self.first_at <= last
        if self.first_verified_at:
            self.first_verified_archived |= self.first_verified_at <= last
        self.tally_archived_firsts(archive, group_id, 1)
