from pathlib import PurePath

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from django.template.defaultfilters import filesizeformat
from django.urls import path

from accounts.scoped_admin import NamelessHistory
from campaigns.admin.import_sending import ImportSending
from campaigns.admin.import_verbs import ImportVerbs, address_of
from campaigns.admin.lists import OwnCampaignFilter
from campaigns.admin.removal import RemovalAdmin
from campaigns.api.file import begun, disposition
from campaigns.import_progress import progress_of
from campaigns.models import ContactImport, ReportedRow
from campaigns.rejected_rows import RejectedRows
from campaigns.streaming import Stream
from campaigns.table import Csv, file_name

ROWS_SHOWN = 50


@admin.register(ContactImport)
class ContactImportAdmin(ImportVerbs, ImportSending, NamelessHistory, RemovalAdmin):
    """Files of contacts: sent here, and watched while they are taken in. They are named after
    what people called them, which may be an address, so the history names them by their id."""

    class Media:
        css = {"all": ["campaigns/phone_lists.css"]}

    team_path = "campaign.team_id"
    change_form_template = "admin/campaigns/contactimport/progress.html"
    list_display = ["name", "id", "campaign", "standing", "progress", "made", "not_taken"]
    list_display += ["created_by", "created_at"]
    list_select_related = ["campaign"]
    list_filter = ["state", "dry_run", OwnCampaignFilter]
    list_per_page = 50
    ordering = ["-pk"]
    search_fields = ["name"]
    readonly_fields = ["id", "sent_size"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("campaign", "group__campaign")

    @admin.display(description="state", ordering="state")
    def standing(self, job):
        return f"{job.get_state_display()} (dry run)" if job.dry_run else job.get_state_display()

    @admin.display(description="created", ordering="created")
    def made(self, job):
        return f"{job.created:,}"

    @admin.display(description="rejected", ordering="rejected")
    def not_taken(self, job):
        return f"{job.rejected:,}"

    @admin.display(description="progress")
    def progress(self, job):
        return f"{job.percent} %"

    @admin.display(description="size")
    def sent_size(self, job):
        return filesizeformat(job.size)

    def get_fields(self, request, obj=None):
        options = ["campaign", "group", "dry_run", "run_at", "scheduled_at"]
        options += ["create_groups", "reject_overlap"]
        made = ["created_by", "created_at", "started_at", "finished_at"]
        return ["id", "name", "sent_size", *options, *made]

    # -- Watching it -------------------------------------------------------------------------------
    def get_urls(self):
        view, at = self.admin_site.admin_view, "campaigns_contactimport"
        return [
            path("<int:import_id>/progress/", view(self.progress_view), name=f"{at}_progress"),
            path("<int:import_id>/rejected.csv", view(self.rejected_view), name=f"{at}_rejected"),
            *super().get_urls(),
        ]

    def progress_view(self, request, import_id):
        job = self.find(request, import_id)
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        return JsonResponse(progress_of(job))

    def render_change_form(self, request, context, add=False, change=False, obj=None, **kwargs):
        if obj:
            context |= self.watched(request, obj)
        return super().render_change_form(
            request, context, add=add, change=change, obj=obj, **kwargs
        )

    def watched(self, request, job) -> dict:
        rows = []
        if self.may_see_rows(request):
            rejected = job.reported_rows.filter(rejected=True)
            rows = list(rejected.order_by("line", "pk")[:ROWS_SHOWN])
        return {
            "progress": progress_of(job),
            "progress_address": address_of("progress", job),
            "buttons": self.buttons(request, job),
            "may_see_rows": self.may_see_rows(request),
            "rows": rows,
            "show_delete": job.state in job.ENDED,
        }

    # -- What was rejected -------------------------------------------------------------------------
    def may_see_rows(self, request):
        return self.admin_site.get_model_admin(ReportedRow).has_view_permission(request)

    def rejected_view(self, request, import_id):
        """The rejected rows to mend and send again; with `?reasons=1`, why they were rejected."""
        job = self.find(request, import_id)
        if not (self.has_view_permission(request, job) and self.may_see_rows(request)):
            raise PermissionDenied
        table = RejectedRows(job, reasons="reasons" in request.GET)
        names = [job.campaign.name, PurePath(job.name).stem, table.name]
        return Stream(
            begun(Csv(table, bom=True).parts()),  # by which Excel knows UTF-8
            content_type=f"{Csv.media_type}; charset=utf-8",
            headers={"Content-Disposition": disposition(file_name(names, Csv.suffix))},
        )

    # -- Deletion ----------------------------------------------------------------------------------
    def losses(self, rows):
        return {"reported rows": ReportedRow.objects.filter(contact_import__in=rows).count()}
