from contextlib import contextmanager
from functools import cache
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html

from accounts.address import address_key
from accounts.retry import retry_transaction
from accounts.uuids import ordered_uuids
from campaigns.address import ADDRESS_LENGTH, read_address
from campaigns.erasure import (
    ERASED_DOMAIN,
    AddressErased,
    Overtaken,
    forget_persons_of,
    is_placeholder,
    placeholder,
)
from campaigns.fields import AddressField, DerivedKeyField
from campaigns.mail_changes import tell_of_mails
from campaigns.models.by_contact import ByContactQuerySet
from campaigns.models.campaign import Group
from campaigns.models.contact_changes import ContactChanges, Standing
from campaigns.models.erased_address import ErasedAddress
from campaigns.models.reported_row import ReportedRow
from campaigns.models.schedule import ScheduleQuerySet
from campaigns.removal import forget_all_about
from campaigns.token import make_token

REMOVED_AT_ONCE = 1_000  # a statement takes only so many ids


@cache
def around_token() -> tuple[str, str]:
    """What stands before and behind the token in a pixel's address. To resolve it for each pixel of
    a merge file would take as long as the encryption."""
    before, behind = reverse("pixel", args=["token"]).split("token")
    return before, behind


class ContactQuerySet(ScheduleQuerySet):
    def not_erased(self) -> "ContactQuerySet":
        """Those that mail can be sent to."""
        return self.filter(erased_at=None)

    @transaction.atomic
    def schedule(
        self, *, group: Group, email: str, pixels: int | None = None, **fields
    ) -> "Contact":
        """Take in one contact, with as many pixels as its campaign gives each.

        Overtaken where the address is erased, even at this moment.
        """
        contact = self.create(group=group, email=email, **fields)
        contact.refuse_erased_address()
        contact.add_pixels(pixels or group.campaign.pixels_per_contact)
        contact.settle()
        return contact

    def standings(self) -> list[Standing]:
        """Of each of these contacts; see ContactChanges."""
        return list(map(Standing._make, self.values_list(*Standing._fields)))

    @contextmanager
    def changing_pixels(self):
        """A transaction in which these contacts, whose mails may be out, get other pixels."""
        with transaction.atomic():
            ids = list(self.order_by("pk").select_for_update().values_list("pk", flat=True))
            yield
            tell_of_mails(ids)

    changing_pixels.queryset_only = True

    @retry_transaction
    @transaction.atomic
    def remove(self):
        """Delete these contacts with their pixels and openings; the counts follow."""
        ids = self.order_by("pk").select_for_update().values_list("pk", flat=True)
        changes = ContactChanges()
        while some := list(ids[:REMOVED_AT_ONCE]):
            self.model.objects.filter(pk__in=some).remove_locked(changes)
        changes.settle()

    remove.queryset_only = True  # `Contact.objects.remove()` would mean everybody

    def remove_locked(self, changes: ContactChanges):
        """`remove` for a few contacts that are locked, in a transaction of the caller's, who
        settles the changes at its end."""
        for contact in self.standings():
            changes.remove(contact)
        forget_all_about(self)
        self.delete()

    remove_locked.queryset_only = True

    @retry_transaction
    @transaction.atomic
    def erase_person(self, team_id: int, email_key: str):
        """Erase a team's contacts with this address; see `Contact.erase`."""
        # A locking read, which waits for whoever is adding the address at this moment. It can't
        # be narrowed down to the team: a join would lock campaigns, and with them consumers.
        locked = list(self.filter(email_key=email_key).order_by("pk").select_for_update())
        # Those that are being removed as well: what waits there for its step is still a person's.
        groups = Group.everything.filter(
            pk__in={contact.group_id for contact in locked}, campaign__team=team_id
        )
        own = set(groups.values_list("pk", flat=True))
        contacts = [contact for contact in locked if contact.group_id in own]
        forget_persons_of(Contact.objects.filter(pk__in=[contact.pk for contact in contacts]))
        for contact in contacts:
            contact.forget_person()
        ReportedRow.objects.forget_person(team_id, email_key)


class Contact(models.Model):
    """One addressee, scheduled for a campaign and group."""

    TEXT_LENGTH = 200

    # A group goes by Group.remove(), and then in steps that take contacts and openings first.
    group = models.ForeignKey(Group, models.CASCADE, related_name="contacts", db_index=False)
    email = AddressField(
        "e-mail address",
        help_text="Only the address, without a name beside it. It is kept with its domain in "
        "lower case and in ASCII (bücher.example becomes xn--bcher-kva.example), which every "
        "mail provider takes; what is before the @ stays as given.",
    )
    email_key = DerivedKeyField("email", address_key, max_length=ADDRESS_LENGTH)
    name = models.CharField(max_length=TEXT_LENGTH, blank=True)
    external_id = models.CharField(
        max_length=TEXT_LENGTH,
        blank=True,
        help_text="The contact's id in the CRM or the mail provider.",
    )
    scheduled_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    extra = models.JSONField(
        default=dict,
        blank=True,
        help_text="Columns of imports that there is no field for; the merge file has them too.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When the person was forgotten. The contact stands for them in the figures.",
    )

    objects = ContactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "email_key"],
                name="one_contact_per_group_and_address",
                violation_error_message="The group has a contact with that address already.",
            )
        ]
        indexes = [
            models.Index(fields=["group", "scheduled_at"], name="contact_group_schedule"),
            models.Index(fields=["email_key"], name="contact_address"),
            models.Index(fields=["group"], name="contact_group"),  # see narrowing.py
        ]

    def __str__(self):
        return self.email

    def clean(self):
        if not self.email:  # a form without an address says so itself
            return
        self.clean_address()
        self.clean_erasure()

    def clean_address(self):
        if is_placeholder(self.email):
            text = f"Addresses at {ERASED_DOMAIN} stand for erased contacts. Give another one."
            raise ValidationError({"email": ValidationError(text, code="reserved")})
        try:
            self.email = read_address(self.email)
        except ValidationError as error:
            raise ValidationError({"email": error}) from None
        self.email_key = address_key(self.email)

    def clean_erasure(self):
        if self.address_is_erased():
            raise AddressErased

    def address_is_erased(self) -> bool:
        if not self.group_id:  # a form without a group says so itself
            return False
        teams = ErasedAddress.objects.filter(team=self.group.campaign.team_id)
        return teams.about(self.email).exists()

    def refuse_erased_address(self):
        """After the contact is saved, in the same transaction.

        Whoever erases the address remembers it first and looks for contacts then. So one of the
        two sees the other.
        """
        if self.address_is_erased():
            raise Overtaken

    def lock(self) -> Standing:
        """In a transaction, before changes are saved: else they could bring back what was erased
        or removed since the contact was read. Overtaken if it was. What it tells, `settle` asks
        for when they are saved."""
        same = Contact.objects.filter(pk=self.pk).select_for_update()
        found = same.values_list("erased_at", *Standing._fields).first()
        if not found or found[0]:
            raise Overtaken
        return Standing(*found[1:])

    @property
    def standing(self) -> Standing:
        return Standing(*(getattr(self, name) for name in Standing._fields))

    def settle(self, was: Standing | None = None):
        """After the contact is saved, in the same transaction: what is kept beside it follows.
        `was`: how `lock` found it; None where it is new."""
        changes = ContactChanges([self.group.campaign_id])
        if was:
            changes.change(was, self.standing)
        else:
            changes.add(self.group_id, self.email_key, self.scheduled_at)
        changes.settle()

    def add_pixels(self, count: int):
        """Give the contact `count` more pixels, numbered on from those it has."""
        last = self.pixels.aggregate(last=models.Max("number"))["last"] or 0
        Pixel.objects.bulk_create(
            Pixel(contact=self, number=number) for number in range(last + 1, last + count + 1)
        )

    def remove(self):
        """Delete the contact with its pixels and openings; the counts follow."""
        Contact.objects.filter(pk=self.pk).remove()

    def erase(self):
        """Forget the person, and refuse the address from now on; the counts stay.

        All contacts of the person in the team are erased: someone who asks to be forgotten
        means everywhere, and an address that is refused can't stay on another list. Not inside
        a transaction: the refusal has to be seen by others before contacts are looked for. Safe
        to repeat, also where it was broken off. DoesNotExist if the contact is removed meanwhile.
        """
        while not self.erased_at:  # once, unless its address is being changed
            team_id = self.group.campaign.team_id
            ErasedAddress.objects.remember(team_id, self.email_key)
            Contact.objects.erase_person(team_id, self.email_key)
            self.refresh_from_db()

    def forget_person(self):
        """The contact stays, for the figures: when it was due, its pixels, that it was opened."""
        self.email, self.name, self.external_id, self.extra = placeholder(self.pk), "", "", {}
        self.erased_at = timezone.now()
        forgotten = ["email", "email_key", "name", "external_id", "extra"]
        self.save(update_fields=[*forgotten, "erased_at"])


def new_uuid() -> UUID:
    return UUID(bytes=ordered_uuids(1)[0])


class Pixel(models.Model):
    """One tracking image of a contact: 1 at the top of the mail, the last at its bottom."""

    # A contact goes by Contact.remove(), which takes the openings with it first. A pixel that
    # has openings can't be deleted alone: the database refuses (see Opening.pixel).
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="pixels", db_index=False)
    number = models.PositiveSmallIntegerField()
    uuid = models.UUIDField(unique=True, default=new_uuid, editable=False)

    objects = ByContactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "number"],
                name="one_pixel_per_contact_and_number",
                violation_error_message="The contact has a pixel with that number already.",
            ),
            models.UniqueConstraint(
                fields=["number", "uuid"], name="one_pixel_per_number_and_uuid"
            ),
        ]

    def __str__(self):
        return f"pixel {self.number} of {self.contact}"

    @cached_property
    def url(self) -> str:
        """The public address. Each row read encrypts anew; every address made so stays valid."""
        return settings.PUBLIC_URL + make_token(self.uuid).join(around_token())

    @property
    def html(self) -> str:
        """What to paste into the mail. Never hidden: Gmail doesn't load hidden images."""
        return format_html(
            '<img src="{}" width="1" height="1" alt="" style="border:0;width:1px;height:1px">',
            self.url,
        )
