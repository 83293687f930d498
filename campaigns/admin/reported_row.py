from django.contrib import admin
from django.db.models import Q

from accounts.scoped_admin import BigTableAdmin, ReadOnlyAdmin
from campaigns.admin.lists import number_of
from campaigns.models import ContactImport, ReportedRow


class ImportFilter(admin.SimpleListFilter):
    """Offers the newest of one's imports that have something to report."""

    title = "import"
    parameter_name = "contact_import"
    OFFERED = 50

    def lookups(self, request, model_admin):
        mine = ContactImport.objects.of(request.user)
        reporting = mine.filter(Q(rejected__gt=0) | Q(noted__gt=0))
        newest = reporting.order_by("-pk")[: self.OFFERED]
        return [(job.pk, f"{job.name} ({job.pk})") for job in newest]

    def queryset(self, request, queryset):
        job = number_of(self.value())
        return queryset if job is None else queryset.filter(contact_import=job)


class CodeFilter(admin.SimpleListFilter):
    """Offers the codes that one import has, among its first rows: all codes there are would take a
    look at the whole table."""

    title = "code"
    parameter_name = "code"
    LOOKED_AT = 10_000

    def lookups(self, request, model_admin):
        job = request.GET.get(ImportFilter.parameter_name)
        if job is None:
            return []
        rows = model_admin.get_queryset(request).filter(contact_import=number_of(job))
        codes = set(rows.order_by().values_list("code", flat=True)[: self.LOOKED_AT])
        return [(code, code) for code in sorted(codes)]

    def queryset(self, request, queryset):
        return queryset.filter(code=self.value()) if self.value() else queryset


@admin.register(ReportedRow)
class ReportedRowAdmin(ReadOnlyAdmin, BigTableAdmin):
    """What imports have to say about rows of their files."""

    class Media:
        css = {"all": ["campaigns/phone_lists.css"]}

    list_display = ["line", "what", "column", "value", "detail", "contact_import"]
    list_select_related = ["contact_import__campaign"]
    list_filter = ["rejected", CodeFilter, ImportFilter]
    fields = ["contact_import", "line", "rejected", "code", "column", "value", "detail"]

    def get_ordering(self, request):
        """Of one import, as they stand in its file, in the order of an index."""
        if ImportFilter.parameter_name not in request.GET:
            return super().get_ordering(request)
        by_kind = ["rejected"] if "rejected__exact" in request.GET else []
        return ["contact_import", *by_kind, "line", "pk"]

    @admin.display(description="what")
    def what(self, row):
        return "rejected" if row.rejected else "remark"
