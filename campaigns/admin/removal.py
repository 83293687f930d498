from contextlib import suppress

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as ask_and_delete
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.html import format_html

from accounts.retry import retry_transaction
from accounts.scoped_admin import RemovesByVerb, ScopedAdmin

OPENED_MEANWHILE = "Nothing was deleted: openings came in at that moment. Please try again."


class GuardedDeletion(ScopedAdmin):
    """Says where openings came in meanwhile, and leaves everything as it was."""

    MOST_AT_ONCE = 1_000
    actions = ["delete_selected"]

    def delete_view(self, request, object_id, extra_context=None):
        try:
            # It is a transaction of its own, and rows are locked by consumers in any order.
            delete_view = retry_transaction(super().delete_view)
            return delete_view(request, object_id, extra_context)
        except IntegrityError:
            return self.answer_with(request, OPENED_MEANWHILE, self.page_of(object_id))

    @admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
    def delete_selected(self, request, queryset):
        if queryset.order_by()[: self.MOST_AT_ONCE + 1].count() > self.MOST_AT_ONCE:
            # The page that asks would carry them all.
            limit = f"Select {self.MOST_AT_ONCE:,} {self.opts.verbose_name_plural} at most."
            self.message_user(request, limit, messages.ERROR)
            return None
        try:
            whole = retry_transaction(transaction.atomic(ask_and_delete))
            return whole(self, request, queryset)
        except IntegrityError:
            self.message_user(request, OPENED_MEANWHILE, messages.ERROR)
            return None


class RemovalAdmin(RemovesByVerb, GuardedDeletion):
    """Deletes by `remove()`, with all that hangs below, and says before how much that is.

    Django's own page would list every contact and pixel one by one.
    """

    # What goes along: who may not delete these may not delete what they belong to.
    takes_along = ()

    def losses(self, rows) -> dict[str, int]:
        """What would be lost with these rows (a list or a QuerySet): noun → number."""
        raise NotImplementedError

    def get_deleted_objects(self, objs, request):
        losses = {self.opts.verbose_name_plural: len(objs)} | self.losses(objs)
        summary = {noun: f"{number:,}" for noun, number in losses.items()}
        admins = [self, *map(self.admin_site.get_model_admin, self.takes_along)]
        lacking = {
            str(each.opts.verbose_name)
            for each in admins
            if not each.has_delete_permission(request)
        }
        if not all(self.has_delete_permission(request, row) for row in objs):
            lacking.add(f"{self.opts.verbose_name} of a team whose manager you are not")
        return [str(row) for row in objs], summary, lacking, []


class BackgroundRemovalAdmin(RemovalAdmin):
    """For rows that hold too much to be deleted while somebody waits: they go out of sight."""

    def delete_model(self, request, obj):
        self.delete_queryset(request, [obj])

    def delete_queryset(self, request, queryset):
        for row in queryset:
            # What somebody else has removed meanwhile is gone, as it was to be.
            with suppress(ObjectDoesNotExist):
                row.remove(by=request.user.get_username())
        self.point_to_progress(request)

    def point_to_progress(self, request):
        page = reverse("admin:campaigns_removal_changelist")
        text = 'What it held is being deleted in the background: <a href="{}">progress</a>.'
        self.message_user(request, format_html(text, page))
