"""Rows of many contacts: each is checked as a contact is that comes alone, and by itself."""

from rest_framework import serializers

from accounts.row_error import RowError
from accounts.scope import KnownRows, ScopedField
from campaigns.models import Group
from campaigns.models.schedule import ContactRow
from campaigns.serializers.contact import ContactSerializer


class GroupField(ScopedField):
    """A group out of those that were read for all rows at once: the context's `groups`."""

    def get_queryset(self):
        return self.context["groups"]


class KnownGroups(KnownRows):
    """With their campaigns."""

    @classmethod
    def of(cls, user, items: list) -> "KnownGroups":
        """Those of the groups named in the items that the user may see. One query."""
        ids = GroupField(queryset=Group.objects.all()).named_in(items, "group")
        return cls(Group.objects.of(user).select_related("campaign__team").in_bulk(ids))


class ContactRowSerializer(ContactSerializer):
    """A contact to take in. Validates to a ContactRow."""

    group = GroupField(queryset=Group.objects.all())
    pixels = serializers.IntegerField(
        min_value=1,
        max_value=10,
        required=False,
        help_text="How many a new contact gets: as many as its campaign gives, unless you say.",
    )

    class Meta(ContactSerializer.Meta):
        fields = ("group", "email", "name", "external_id", "scheduled_at", "sent_at", "pixels")

    def validate(self, attrs):
        pixels = attrs.pop("pixels", None)
        fields = super().validate(attrs)
        return ContactRow(fields.pop("group"), fields.pop("email"), fields, pixels)

    def clean_row(self, row):
        """Erased addresses are looked up for many rows at once; see `schedule_many`."""
        row.clean_address()

    def refuse_twin(self, row):
        """The same address again is no error here."""


def check_rows(items: list, groups: KnownGroups) -> list[ContactRow | RowError]:
    """Each item as a row to take in, or what is wrong with it. No queries."""
    serializer = ContactRowSerializer(context={"groups": groups})
    checked = []
    for item in items:
        try:
            checked.append(serializer.run_validation(item))
        except serializers.ValidationError as error:
            checked.append(RowError.first_of(error.detail))
    return checked


def refuse_teams(checked: list, refused: dict) -> list[ContactRow | RowError]:
    """The rows once more, without those of teams that the sender may not write to ({id: why})."""
    return [
        RowError.first_of(refused[row.team_id].detail, "group")
        if isinstance(row, ContactRow) and row.team_id in refused
        else row
        for row in checked
    ]
