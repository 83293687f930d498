from django.db import models

from campaigns.fields import NameField, name_key
from campaigns.models.campaign import Campaign

MOST_COLUMNS = 100
COLUMN_LENGTH = 200  # of a name


class TooManyColumns(Exception):
    """The campaign keeps as many columns of others as it may."""


class ContactColumnQuerySet(models.QuerySet):
    def known(self, campaign: Campaign) -> dict[str, str]:
        """Key of the name → the name as the campaign spells it."""
        return {name_key(column.name): column.name for column in campaign.contact_columns.all()}

    def foresee(self, known: dict[str, str], name: str) -> str:
        """`spell` for one name, which writes nothing but into `known`."""
        key = name_key(name)
        if key not in known and len(known) >= MOST_COLUMNS:
            raise TooManyColumns
        return known.setdefault(key, name)

    def spell(self, campaign: Campaign, names) -> dict[str, str]:
        """Each name as the campaign spells that column already; new ones are kept as they come.
        TooManyColumns beyond a hundred of them. Safe to repeat, also at the same time."""
        known = self.known(campaign)
        spelled = {}
        for name in names:
            key = name_key(name)
            if key not in known:
                if len(known) >= MOST_COLUMNS:
                    raise TooManyColumns
                known[key] = self.get_or_create(campaign=campaign, name=name)[0].name
            spelled[name] = known[key]
        return spelled


class ContactColumn(models.Model):
    """A column of contact imports that PixelTrack has no field for. The values are in
    `Contact.extra`; the merge file gives them back."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="contact_columns")
    name = NameField(max_length=COLUMN_LENGTH)

    objects = ContactColumnQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "name"], name="one_contact_column_per_campaign_and_name"
            )
        ]

    def __str__(self):
        return self.name
