from django_filters import rest_framework as filters

from accounts.address import address_key
from accounts.filters import IdFilter, since, until
from campaigns.models import (
    Campaign,
    Contact,
    ContactImport,
    ErasedAddress,
    Group,
    Pixel,
    Removal,
    ReportedRow,
)


class CampaignFilter(IdFilter):
    """Rows of one campaign, by its groups (see `GroupScopedQuerySet`)."""

    def filter(self, rows, campaign):
        if not campaign:
            return rows
        return rows.in_groups(Group.objects.filter(campaign=campaign).values_list("pk", flat=True))


class GroupFilter(IdFilter):
    def filter(self, rows, group):
        return rows.in_groups([group]) if group else rows


def whole_name():
    return filters.CharFilter("name", help_text="The whole name, in any case.")


class CampaignFilterSet(filters.FilterSet):
    team = IdFilter()
    name = whole_name()
    closed = filters.BooleanFilter("closed_at", "isnull", exclude=True)
    created_since = since("created_at")
    created_until = until("created_at")

    class Meta:
        model = Campaign
        fields = ("team", "name", "tracking", "closed")


class GroupFilterSet(filters.FilterSet):
    campaign = IdFilter()
    name = whole_name()

    class Meta:
        model = Group
        fields = ("campaign", "name", "is_control")


class ContactFilterSet(filters.FilterSet):
    campaign = CampaignFilter("group")
    group = GroupFilter("group")
    email = filters.CharFilter(method="by_address", help_text="The whole address, in any spelling.")
    scheduled_since = since("scheduled_at")
    scheduled_until = until("scheduled_at")
    sent = filters.BooleanFilter(
        "sent_at", "isnull", exclude=True, help_text="Whether a time of sending is known."
    )
    sent_since = since("sent_at")
    sent_until = until("sent_at")
    erased = filters.BooleanFilter("erased_at", "isnull", exclude=True)

    class Meta:
        model = Contact
        fields = ("campaign", "group", "email", "external_id")

    def by_address(self, contacts, name, value: str):
        return contacts.filter(email_key=address_key(value))


class PixelFilterSet(filters.FilterSet):
    campaign = CampaignFilter("contact__group")
    group = GroupFilter("contact__group")
    contact = IdFilter()

    class Meta:
        model = Pixel
        fields = ("campaign", "group", "contact", "number", "uuid")


class ErasedAddressFilterSet(filters.FilterSet):
    team = IdFilter()
    email = filters.CharFilter(
        method="by_address", help_text="The whole address, in any spelling: is it erased?"
    )
    erased_since = since("erased_at")
    erased_until = until("erased_at")

    class Meta:
        model = ErasedAddress
        fields = ("team", "email")

    def by_address(self, erased, name, value: str):
        return erased.about(value)


class RemovalFilterSet(filters.FilterSet):
    team = IdFilter()
    requested_since = since("requested_at")
    requested_until = until("requested_at")

    class Meta:
        model = Removal
        fields = ("team", "kind", "state")


class ContactImportFilterSet(filters.FilterSet):
    campaign = IdFilter()
    group = IdFilter(help_text="Those for this one group.")
    created_since = since("created_at")
    created_until = until("created_at")

    class Meta:
        model = ContactImport
        fields = ("campaign", "group", "state", "dry_run")


class ReportedRowFilterSet(filters.FilterSet):
    rejected = filters.BooleanFilter(help_text="False: those that were taken in, with a remark.")

    class Meta:
        model = ReportedRow
        fields = ("rejected", "code")
