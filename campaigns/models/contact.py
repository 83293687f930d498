from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html

from campaigns.fields import DerivedKeyField
from campaigns.models.campaign import Group
from campaigns.models.scoped import GroupScopedQuerySet
from campaigns.removal import forget_all_about
from campaigns.token import make_token

ADDRESS_LENGTH = 254
REMOVED_AT_ONCE = 1_000  # a statement takes only so many ids


def tidy_address(address: str) -> str:
    """The address as mail is sent to it: no spaces around it, the domain in lower case."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}"


def address_key(address: str) -> str:
    """What makes two addresses the same addressee: mail servers don't tell cases apart."""
    return address.strip().lower()


class ContactQuerySet(GroupScopedQuerySet):
    @transaction.atomic
    def schedule(
        self, *, group: Group, email: str, pixels: int | None = None, **fields
    ) -> "Contact":
        """Take in one contact, with as many pixels as its campaign gives each."""
        contact = self.create(group=group, email=email, **fields)
        contact.add_pixels(pixels or group.campaign.pixels_per_contact)
        return contact

    @transaction.atomic
    def remove(self):
        """Delete these contacts with their pixels and openings; the counts follow."""
        ids = self.order_by("pk").select_for_update().values_list("pk", flat=True)
        while some := list(ids[:REMOVED_AT_ONCE]):
            locked = self.model.objects.filter(pk__in=some)
            forget_all_about(locked)
            locked.delete()

    remove.queryset_only = True  # `Contact.objects.remove()` would mean everybody


class Contact(models.Model):
    """One addressee, scheduled for a campaign and group."""

    # A group goes by Group.remove(), and then in steps that take contacts and openings first.
    group = models.ForeignKey(Group, models.CASCADE, related_name="contacts", db_index=False)
    email = models.EmailField("e-mail address", max_length=ADDRESS_LENGTH)
    email_key = DerivedKeyField("email", address_key, max_length=ADDRESS_LENGTH)
    name = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(
        max_length=200, blank=True, help_text="The contact's id in the CRM or the mail provider."
    )
    scheduled_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

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
        ]

    def __str__(self):
        return self.email

    def clean(self):
        self.email = tidy_address(self.email)
        self.email_key = address_key(self.email)
        if max(len(self.email), len(self.email_key)) > ADDRESS_LENGTH:  # lower case may be longer
            raise ValidationError({"email": f"Give at most {ADDRESS_LENGTH} characters."})

    def add_pixels(self, count: int):
        """Give the contact `count` more pixels, numbered on from those it has."""
        last = self.pixels.aggregate(last=models.Max("number"))["last"] or 0
        Pixel.objects.bulk_create(
            Pixel(contact=self, number=number) for number in range(last + 1, last + count + 1)
        )

    def remove(self):
        """Delete the contact with its pixels and openings; the counts follow."""
        Contact.objects.filter(pk=self.pk).remove()


class PixelQuerySet(GroupScopedQuerySet):
    group_path = "contact__group"


class Pixel(models.Model):
    """One tracking image of a contact: 1 at the top of the mail, the last at its bottom."""

    # A contact goes by Contact.remove(), which takes the openings with it first. A pixel that
    # has openings can't be deleted alone: the database refuses (see Opening.pixel).
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="pixels", db_index=False)
    number = models.PositiveSmallIntegerField()
    uuid = models.UUIDField(unique=True, default=uuid4, editable=False)

    objects = PixelQuerySet.as_manager()

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
        return settings.PUBLIC_URL + reverse("pixel", args=[make_token(self.uuid)])

    @property
    def html(self) -> str:
        """What to paste into the mail. Never hidden: Gmail doesn't load hidden images."""
        return format_html(
            '<img src="{}" width="1" height="1" alt="" style="border:0;width:1px;height:1px">',
            self.url,
        )
