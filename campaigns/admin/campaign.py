import zoneinfo
from functools import cache

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Prefetch, Q, Sum
from django.utils import timezone

from accounts.models import Team
from accounts.scoped_admin import ScopedInline
from campaigns.admin.campaign_actions import CampaignActions
from campaigns.admin.contact_count import contact_count_text, with_contact_count
from campaigns.admin.lists import number_or_none
from campaigns.admin.long_select import LongSelect
from campaigns.admin.removal import BackgroundRemovalAdmin
from campaigns.fields import name_key
from campaigns.models import Campaign, Contact, ContactImport, Group, ScheduledCount


class GroupFormSet(forms.BaseInlineFormSet):
    """The groups on a campaign's page: names that differ, and one control at most."""

    def clean(self):
        super().clean()
        rows = [form.cleaned_data for form in self.forms if getattr(form, "cleaned_data", None)]
        names = [name_key(row["name"]) for row in rows if row.get("name")]
        if len(set(names)) < len(names):
            raise forms.ValidationError("Two groups have the same name.")
        if sum(row.get("is_control", False) for row in rows) > 1:
            raise forms.ValidationError("A campaign has one control at most.")

    def save(self, commit=True):
        # First whoever is the control no more: the database allows one at any moment.
        was_control = [
            form.instance.pk for form in self.initial_forms if not form.instance.is_control
        ]
        self.instance.groups.filter(pk__in=was_control, is_control=True).update(is_control=False)
        return super().save(commit)


class GroupInline(ScopedInline):
    """No deletion here: a group goes with its contacts and openings, and its own page says so."""

    model = Group
    formset = GroupFormSet
    fields = ["name", "is_control"]
    ordering = ["pk"]
    can_delete = False
    show_change_link = True

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("campaign")  # each row names it

    def get_min_num(self, request, obj=None, **kwargs):
        return 0 if obj else 1

    def get_formset(self, request, obj=None, **kwargs):
        return super().get_formset(request, obj, validate_min=True, **kwargs)


@cache
def time_zones() -> list[tuple[str, str]]:
    """Looks through the files of the time zone database, hence once."""
    return [(name, name) for name in sorted(zoneinfo.available_timezones())]


class CampaignForm(forms.ModelForm):
    time_zone = forms.ChoiceField(choices=time_zones, initial="UTC", widget=LongSelect)


class ClosedFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "closed"

    def lookups(self, request, model_admin):
        return [("no", "Counting"), ("yes", "Closed")]

    def queryset(self, request, queryset):
        closed = Q(closed_at__lte=timezone.now())
        return {"yes": queryset.filter(closed), "no": queryset.exclude(closed)}.get(
            self.value(), queryset
        )


class CampaignList(ChangeList):
    def get_queryset(self, *args, **kwargs):
        """Two queries for a page of campaigns, whatever their number of groups and contacts."""
        groups = with_contact_count(Group.objects.order_by("pk"))
        return super().get_queryset(*args, **kwargs).prefetch_related(Prefetch("groups", groups))


@admin.register(Campaign)
class CampaignAdmin(CampaignActions, BackgroundRemovalAdmin):
    team_path = "team_id"
    form = CampaignForm
    list_display = ["name", "team", "group_count", "contact_count", "created_at", "closed_at"]
    list_select_related = ["team"]
    list_filter = [
        ClosedFilter,
        "tracking",
        ("team", admin.RelatedOnlyFieldListFilter),
    ]
    list_per_page = 50
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    search_fields = ["name"]
    autocomplete_fields = ["team"]
    settled_fields = ["team"]
    readonly_fields = ["created_at"]
    inlines = [GroupInline]
    takes_along = [Group, Contact]

    def get_changelist(self, request, **kwargs):
        return CampaignList

    @admin.display(description="groups")
    def group_count(self, campaign):
        return len(campaign.groups.all())

    @admin.display(description="contacts")
    def contact_count(self, campaign):
        return contact_count_text(campaign.groups.all())

    def has_add_permission(self, request):
        """A campaign is made together with its first group."""
        may_add_group = self.admin_site.get_model_admin(Group).has_add_permission(request)
        return may_add_group and super().has_add_permission(request)

    def get_changeform_initial_data(self, request):
        own_team = Team.objects.filter(owner=request.user).first()
        return {"team": own_team} | super().get_changeform_initial_data(request)

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if obj.pk is None and request.method == "GET" and isinstance(inline, GroupInline):
            kwargs["initial"] = [{"name": "A"}]
        return kwargs

    def get_fields(self, request, obj=None):
        fields = ["name", "team", "time_zone", "pixels_per_contact", "tracking", "closed_at"]
        return [*fields, "created_at"] if obj else fields

    def may_import(self, request) -> bool:
        return self.admin_site.get_model_admin(ContactImport).has_add_permission(request)

    def render_change_form(self, request, context, **kwargs):
        imports = self.admin_site.get_model_admin(ContactImport)
        context |= {
            "may_import": self.may_import(request),
            "may_see_imports": imports.has_view_permission(request),
        }
        return super().render_change_form(request, context, **kwargs)

    def losses(self, rows):
        groups = Group.objects.filter(campaign__in=rows)
        return {"groups": groups.count()} | contacts_lost(groups)


def contacts_lost(groups) -> dict[str, int]:
    """As they are counted already: to count a million takes most of a second."""
    counted = ScheduledCount.objects.filter(group__in=groups).aggregate(number=Sum("contacts"))
    return {"contacts with their pixels": counted["number"] or 0}


class GroupList(ChangeList):
    def get_queryset(self, *args, **kwargs):
        return with_contact_count(super().get_queryset(*args, **kwargs))


@admin.register(Group)
class GroupAdmin(BackgroundRemovalAdmin):
    team_path = "campaign.team_id"
    list_display = ["name", "campaign", "is_control", "contact_count", "created_at"]
    list_select_related = ["campaign"]
    list_filter = ["is_control"]
    list_per_page = 50
    ordering = ["-campaign", "pk"]
    search_fields = ["name", "campaign__name"]
    autocomplete_fields = ["campaign"]
    settled_fields = ["campaign"]
    fields = ["campaign", "name", "is_control"]
    takes_along = [Contact]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("campaign")

    def get_changelist(self, request, **kwargs):
        return GroupList

    def get_search_results(self, request, queryset, search_term):
        """Those of one campaign, where a form says for which it chooses."""
        groups, has_duplicates = super().get_search_results(request, queryset, search_term)
        campaign = number_or_none(request.GET.get("of_campaign"))
        return groups if campaign is None else groups.filter(campaign=campaign), has_duplicates

    @admin.display(description="contacts")
    def contact_count(self, group):
        return contact_count_text([group])

    def save_model(self, request, obj, form, change):
        """A new control takes the place of the one before it."""
        becomes_control = obj.is_control and "is_control" in form.changed_data
        if becomes_control:
            obj.is_control = False
        super().save_model(request, obj, form, change)
        if becomes_control:
            obj.make_control()

    def losses(self, rows):
        return contacts_lost(rows)
