"""How the big tables are narrowed down: by campaign and by address, each of them by an index."""

from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters

from accounts.address import address_key
from campaigns.models import Campaign, Contact, Group

LAST_CHARACTER = "\U0010ffff"


class CampaignFilter(admin.SimpleListFilter):
    """Offers one's newest campaigns. The admin's own filter would name everybody's."""

    title = "campaign"
    parameter_name = "campaign"
    OFFERED = 50

    def lookups(self, request, model_admin):
        newest = Campaign.objects.of(request.user).order_by("-pk")[: self.OFFERED]
        return list(newest.values_list("pk", "name"))

    def queryset(self, request, queryset):
        campaign = number_of(self.value())
        return queryset if campaign is None else self.narrow(queryset, campaign)

    def narrow(self, rows, campaign: int):
        groups = Group.objects.filter(campaign=campaign).values_list("pk", flat=True)
        return rows.in_groups(groups)  # a join would sort the big table


class OwnCampaignFilter(CampaignFilter):
    """For rows that name their campaign themselves."""

    def narrow(self, rows, campaign):
        return rows.filter(campaign=campaign)


class AddressSearch(admin.ModelAdmin):
    """Searches contacts by how their address begins, by a range of the index.

    A LIKE would read the whole table on one database or the other, and a join sort it.
    """

    search_fields = ["email_key"]  # makes the box appear; get_search_results does the search
    search_help_text = "How the e-mail address begins. The first 1,000 are found."
    contact_path = "pk"  # from the model to the contact
    MOST_CONTACTS = 1_000

    def get_search_results(self, request, queryset, search_term):
        key = address_key(search_term)
        if not key:
            return queryset, False
        contacts = queryset
        if queryset.model is not Contact:
            contacts = self.admin_site.get_model_admin(Contact).get_queryset(request)
        contacts = contacts.filter(email_key__gte=key, email_key__lt=key + LAST_CHARACTER)
        first = contacts.order_by("email_key")[: self.MOST_CONTACTS].values_list("pk", flat=True)
        return queryset.filter(**{f"{self.contact_path}__in": list(first)}), False


def number_or_none(value: str | None) -> int | None:
    """An id as an address names it; None where it can't be one."""
    possible = value and value.isascii() and value.isdecimal() and len(value) < 19
    return int(value) if possible else None


def number_of(value: str | None) -> int | None:
    """The id that a filter was given."""
    number = number_or_none(value)
    if number is None and value is not None:
        raise IncorrectLookupParameters
    return number


def uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
