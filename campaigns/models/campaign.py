import zoneinfo
from functools import cache
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Case, F, When
from django.utils import timezone

from accounts.models import Refusal, Team
from accounts.retry import retry_transaction
from campaigns.anonymity import took_in_anonymously
from campaigns.fields import NameField
from campaigns.models.removal import InSight, Removable, Removal

time_zones = cache(zoneinfo.available_timezones)  # walks the disk


def validate_time_zone(name):
    if name not in time_zones():
        raise ValidationError(
            "%(name)s is no time zone. Try Europe/Berlin, for example.",
            code="time_zone",
            params={"name": name},
        )


def name_out_of_sight() -> str:
    """For what is being removed, so that its name is free for another."""
    return f"being removed: {uuid4().hex}"


class LastGroup(Refusal):
    code = "last_group"
    sentence = "A campaign keeps at least one group. Add another group before you delete this one."


class CampaignQuerySet(models.QuerySet):
    def of(self, user) -> "CampaignQuerySet":
        return self if user.is_superuser else self.filter(team__in=Team.objects.of(user))

    @transaction.atomic
    def start(self, *, team, group_names=("A",), **fields) -> "Campaign":
        """Make a campaign with its groups; the first of several is the control."""
        campaign = self.create(team=team, **fields)
        for position, name in enumerate(group_names):
            control = position == 0 and len(group_names) > 1
            Group.objects.create(campaign=campaign, name=name, is_control=control)
        return campaign


class Campaign(Removable):
    class Tracking(models.TextChoices):
        INDIVIDUAL = "individual", "individual: who opened"
        ANONYMOUS = "anonymous", "anonymous: how often it was opened, not by whom"
        OFF = "off", "off: pixels answer, nothing is stored"

    # A team with campaigns can't be deleted: its openings would go unseen.
    team = models.ForeignKey(Team, models.PROTECT, related_name="campaigns")
    name = NameField()
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    pixels_per_contact = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text="1: top of the mail. 2: top and bottom, which tells how much was rendered.",
    )
    tracking = models.CharField(
        max_length=10,
        choices=Tracking,
        default=Tracking.INDIVIDUAL,
        help_text="Holds for the openings from now on. An anonymous opening is stored without "
        "contact, pixel and mail program, so there are no figures by contact, and what was taken "
        "in anonymously keeps a campaign from becoming individual.",
    )
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="Hits from then on are answered and not counted."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    removal = models.ForeignKey(
        Removal, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = InSight.from_queryset(CampaignQuerySet)()
    everything = CampaignQuerySet.as_manager()  # what is being removed as well

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "name"],
                name="one_campaign_per_team_and_name",
                violation_error_message="The team has a campaign of that name already.",
            )
        ]

    def __str__(self):
        return self.name

    def clean(self):
        if self.tracking != self.Tracking.INDIVIDUAL or not self.pk:
            return
        stored = Campaign.objects.filter(pk=self.pk).exclude(tracking=self.tracking)
        if stored.exists() and took_in_anonymously(self):
            text = "Its openings were taken in anonymously, and it stays so. Make another campaign."
            raise ValidationError({"tracking": ValidationError(text, code="anonymous")})

    @property
    def is_closed(self) -> bool:
        return bool(self.closed_at and self.closed_at <= timezone.now())

    def close(self, at=None):
        self.closed_at = at or timezone.now()
        self.save(update_fields=["closed_at"])

    def reopen(self):
        """Count again from now on; what came while it was closed stays uncounted."""
        self.closed_at = None
        self.save(update_fields=["closed_at"])

    @transaction.atomic
    def duplicate(self, name: str) -> "Campaign":
        """Another campaign of the team, with the same settings and groups, and nothing in them."""
        settings = ("time_zone", "pixels_per_contact", "tracking")
        copy = Campaign.objects.create(
            team_id=self.team_id, name=name, **{each: getattr(self, each) for each in settings}
        )
        for group in self.groups.order_by("pk"):
            copy.groups.create(name=group.name, is_control=group.is_control)
        return copy

    @retry_transaction  # consumers lock its groups in any order
    @transaction.atomic
    def remove(self, by: str = "") -> Removal:
        """Put the campaign out of sight, with all that it holds; the rest is done in the
        background. Its name is free at once. DoesNotExist where somebody was faster."""
        row = Campaign.objects.select_for_update().get(pk=self.pk)
        removal = Removal.objects.create(
            team=row.team, kind=Removal.Kind.CAMPAIGN, name=row.name, requested_by=by
        )
        row.imports.all().cancel()  # before its groups: an import locks in this order
        row.groups.update(removal=removal)
        Campaign.objects.filter(pk=row.pk).update(removal=removal, name=name_out_of_sight())
        return removal


class GroupQuerySet(models.QuerySet):
    def of(self, user) -> "GroupQuerySet":
        return self if user.is_superuser else self.filter(campaign__team__in=Team.objects.of(user))


class Group(Removable):
    """One arm of an A/B test."""

    # A campaign goes by Campaign.remove(), and then in steps that take the openings first.
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="groups")
    name = NameField()
    is_control = models.BooleanField(
        "control", default=False, help_text="The group that the others are compared with."
    )
    # Empty for all but the control, so that its unique index allows one control per campaign
    # (MySQL has no partial indexes).
    control_of = models.GeneratedField(
        expression=Case(When(is_control=True, then=F("campaign_id"))),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
        unique=True,
        editable=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    removal = models.ForeignKey(
        Removal, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = InSight.from_queryset(GroupQuerySet)()
    everything = GroupQuerySet.as_manager()  # what is being removed as well

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "name"],
                name="one_group_per_campaign_and_name",
                violation_error_message="The campaign has a group of that name already.",
            )
        ]

    def __str__(self):
        return f"{self.campaign} · {self.name}"

    @transaction.atomic
    def make_control(self):
        """This group is the control from now on, and no other."""
        self.campaign.groups.filter(is_control=True).exclude(pk=self.pk).update(is_control=False)
        self.is_control = True
        self.save(update_fields=["is_control"])

    @retry_transaction  # consumers lock its groups in any order
    @transaction.atomic
    def remove(self, by: str = "") -> Removal:
        """Put the group out of sight, with all that it holds; the rest is done in the background.
        LastGroup if it is the last, DoesNotExist where somebody was faster."""
        campaign = Campaign.objects.select_for_update().get(pk=self.campaign_id)
        row = campaign.groups.get(pk=self.pk)
        if not campaign.groups.exclude(pk=self.pk).exists():
            raise LastGroup
        removal = Removal.objects.create(
            team=campaign.team, kind=Removal.Kind.GROUP, name=str(row), requested_by=by
        )
        row.imports.all().cancel()
        campaign.groups.filter(pk=self.pk).update(
            removal=removal, name=name_out_of_sight(), is_control=False
        )
        return removal
