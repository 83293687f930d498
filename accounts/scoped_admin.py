"""What the admin pages of all apps have in common: who sees what, and how big tables are listed."""

from contextlib import nullcontext
from operator import attrgetter
from types import SimpleNamespace

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DataError, IntegrityError, transaction
from django.db.models import DateTimeField
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timezone import get_current_timezone_name

from accounts.models import Refusal
from accounts.paginator import BoundedPaginator
from accounts.permissions import MAY_MANAGE, MAY_WRITE


class ScopedAdmin(admin.ModelAdmin):
    """Shows people the rows of their teams, to be changed by role, as in the API. Django's model
    permissions apply on top.

    The choices of a foreign key are the rows that the related model's own pages would show; of
    them, where it says to which team a row belongs, those of teams that one may write to.
    """

    team_path = ""  # from a row to the id of its team; none where rows belong to no team
    change_roles, delete_roles = MAY_WRITE, MAY_MANAGE

    # Foreign keys that stay as they are once the row exists.
    settled_fields = ()
    show_facets = admin.ShowFacets.NEVER  # a count per choice

    def changeform_view(self, request, *args, **kwargs):
        """Two people, or two clicks, may save the same thing at once: the second is told so."""
        # On SQLite, a transaction keeps all writers out; to look at a row takes none.
        saving = transaction.atomic() if request.method == "POST" else nullcontext()
        try:
            with saving:
                return super().changeform_view(request, *args, **kwargs)
        except (DataError, IntegrityError, ObjectDoesNotExist):
            text = "Nothing was saved: somebody was faster, or there is such a row already."
        except Refusal as refusal:
            text = f"Nothing was saved. {refusal}"
        return self.answer_with(request, text)

    def delete_view(self, request, object_id, extra_context=None):
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refusal as refusal:
            return self.answer_with(request, refusal, self.page_of(object_id))

    def changelist_view(self, request, *args, **kwargs):
        """Actions are sent to the list's own address."""
        try:
            return super().changelist_view(request, *args, **kwargs)
        except Refusal as refusal:
            return self.answer_with(request, refusal)

    def get_changelist_instance(self, request):
        """Of what an address may ask for, Django notices years and numbers that are too big only
        when the database is asked."""
        try:
            return super().get_changelist_instance(request)
        except (OverflowError, ValueError) as error:
            if request.GET.keys() <= {ERROR_FLAG}:
                raise  # it is not the address
            raise IncorrectLookupParameters from error

    def response_action(self, request, queryset):
        """Of the rows that were selected, Django asks the database whatever the form says they
        are called."""
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(map(self.may_be_key, selected)):
            return self.answer_with(request, "Nothing was done: select rows of the list.")
        return super().response_action(request, queryset)

    def may_be_key(self, text: str) -> bool:
        try:
            self.opts.pk.run_validators(self.opts.pk.to_python(text))  # of numbers, how big
        except ValidationError:
            return False
        return True

    def answer_with(self, request, text, page=None):
        self.message_user(request, text, messages.ERROR)
        return HttpResponseRedirect(page or request.get_full_path())

    def page_of(self, object_id) -> str:
        return reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[object_id]
        )

    def get_queryset(self, request):
        return self.scope(super().get_queryset(request), request.user)

    def scope(self, rows, user):
        return rows.of(user)

    # -- Roles ---------------------------------------------------------------------------------
    def has_change_permission(self, request, obj=None):
        may = super().has_change_permission(request, obj)
        return may and self.has_role(request, obj, self.change_roles)

    def has_delete_permission(self, request, obj=None):
        may = super().has_delete_permission(request, obj)
        return may and self.has_role(request, obj, self.delete_roles)

    def has_role(self, request, row, roles) -> bool:
        """One of these in the team that the row belongs to. Without a row: perhaps in one."""
        if row is None or not self.team_path or request.user.is_superuser:
            return True
        return team_roles(request).get(attrgetter(self.team_path)(row)) in roles

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        rows = self.choosable(db_field, request, choices(self.admin_site, db_field, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs | {"queryset": rows})

    def says_the_team(self, foreign_key) -> bool:
        """Whether it is what tells the team of a row."""
        first = self.team_path.partition(".")[0]
        return first in (foreign_key.name, foreign_key.attname)

    def choosable(self, foreign_key, request, rows):
        """Those of teams that one may write to, where that is what is chosen."""
        if not self.says_the_team(foreign_key) or request.user.is_superuser:
            return rows
        team = self.team_path.partition(".")[2].replace(".", "__") or "pk"
        return rows.filter(**{f"{team}__in": request.user.team_ids(*self.change_roles)})

    # -- Forms ---------------------------------------------------------------------------------
    def get_form(self, request, obj=None, change=False, **kwargs):
        labels = times_with_zone(self.model) | kwargs.pop("labels", {})
        form = super().get_form(request, obj, change=change, labels=labels, **kwargs)
        for name in self.settled_fields if obj else ():
            # Disabled rather than read-only: Django passes over unique constraints that a
            # read-only field is part of, and the database would be the one to complain.
            if field := form.base_fields.get(name):
                field.disabled = True
                field.widget.can_add_related = False
        return form

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """Beside a choice there is a button to look at the chosen row, and none that changes or
        deletes it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field and field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_change_related = field.widget.can_delete_related = False
        return field


def times_with_zone(model) -> dict[str, str]:
    """Labels: a page may show other times in the zone of a campaign."""
    zone = get_current_timezone_name()
    moments = (each for each in model._meta.fields if isinstance(each, DateTimeField))
    return {each.name: f"{capfirst(each.verbose_name)} ({zone})" for each in moments}


class ScopedInline(admin.TabularInline):
    extra = 0

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """Only the column has a label that is seen; those who hear the page need one per field."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field:
            widget = getattr(field.widget, "widget", field.widget)  # within a wrapper
            widget.attrs["aria-label"] = capfirst(field.label)
        return field

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        kwargs["queryset"] = choices(self.admin_site, db_field, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def team_roles(request) -> dict[int, str]:
    """The role of who asks in each of their teams, looked up once: lists ask for many rows."""
    if not hasattr(request, "team_roles"):
        request.team_roles = dict(request.user.team_roles())
    return request.team_roles


def choices(admin_site, foreign_key, request):
    return admin_site.get_model_admin(foreign_key.remote_field.model).get_queryset(request)


class BigTableList(ChangeList):
    def get_ordering(self, request, queryset):
        """In the one order that there is: Django heeds others in an address that no column offers,
        and MySQL would sort the table."""
        self.params.pop(ORDER_VAR, None)
        return super().get_ordering(request, queryset)

    def apply_select_related(self, qs):
        """Related rows come by queries of their own.

        Given a join, MySQL starts at the small table and sorts all that it finds in the big one:
        7 s instead of 5 ms with a million contacts.
        """
        return qs.prefetch_related(*self.list_select_related or ())


class BigTableAdmin(ScopedAdmin):
    """For tables of millions of rows: newest first, no other order, no full count, no join."""

    paginator = BoundedPaginator
    show_full_result_count = False
    ordering = ["-pk"]
    sortable_by = ()

    def get_changelist(self, request, **kwargs):
        return BigTableList


class ReadOnlyAdmin(admin.ModelAdmin):
    """For rows that the service writes and people read."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class RemovesByVerb(admin.ModelAdmin):
    """Deletes by `remove()`, which may refuse."""

    def delete_model(self, request, obj):
        obj.remove()

    @transaction.atomic
    def delete_queryset(self, request, queryset):
        for row in queryset:
            row.remove()


class NamelessHistory(admin.ModelAdmin):
    """For rows that are shown by an e-mail address: the history of the admin, which outlives
    them, names them by their id."""

    def log_addition(self, request, obj, message):
        return super().log_addition(request, nameless(obj), message)

    def log_change(self, request, obj, message):
        return super().log_change(request, nameless(obj), message)

    def log_deletions(self, request, queryset):
        return super().log_deletions(request, [nameless(row) for row in queryset])


class Nameless(SimpleNamespace):
    def __str__(self):
        return f"{self._meta.verbose_name} {self.pk}"


def nameless(row) -> Nameless:
    """What the history asks of a row."""
    return Nameless(pk=row.pk, _meta=row._meta)
