import zoneinfo
from functools import cache

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Case, F, When
from django.utils import timezone

from accounts.models import Team
from campaigns.fields import NameField

time_zones = cache(zoneinfo.available_timezones)  # walks the disk


def validate_time_zone(name):
    if name not in time_zones():
        raise ValidationError(
            "%(name)s is no time zone. Try Europe/Berlin, for example.",
            code="time_zone",
            params={"name": name},
        )


class LastGroup(Exception):
    """A campaign keeps at least one group."""

    def __str__(self):
        return "A campaign keeps at least one group. Add another group before you delete this one."


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


class Campaign(models.Model):
    class Tracking(models.TextChoices):
        INDIVIDUAL = "individual", "individual: who opened"
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
    tracking = models.CharField(max_length=10, choices=Tracking, default=Tracking.INDIVIDUAL)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="Hits from then on are answered and not counted."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CampaignQuerySet.as_manager()

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

    def close(self, at=None):
        self.closed_at = at or timezone.now()
        self.save(update_fields=["closed_at"])

    @transaction.atomic
    def remove(self):
        """Delete the campaign with its groups, contacts, pixels and openings."""
        for group in self.groups.all():
            group.remove_with_contacts()
        self.delete()


class GroupQuerySet(models.QuerySet):
    def of(self, user) -> "GroupQuerySet":
        return self if user.is_superuser else self.filter(campaign__team__in=Team.objects.of(user))


class Group(models.Model):
    """One arm of an A/B test."""

    # A campaign goes by Campaign.remove(), which takes the openings with it first.
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

    objects = GroupQuerySet.as_manager()

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

    @transaction.atomic
    def remove(self):
        """Delete the group with its contacts, pixels and openings; LastGroup if it is the last."""
        Campaign.objects.select_for_update().get(pk=self.campaign_id)
        if not Group.objects.filter(campaign=self.campaign_id).exclude(pk=self.pk).exists():
            raise LastGroup
        self.remove_with_contacts()

    def remove_with_contacts(self):
        """Inside a transaction: the group goes with all it holds, and if it is the last one."""
        self.contacts.all().remove()
        self.delete()
