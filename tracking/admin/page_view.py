"""Pages and how often they are viewed, as it is at this moment. They belong to no team: whoever of
the staff may see pages sees all of them."""

from django.contrib import admin

from accounts.scoped_admin import BigTableList
from tracking.admin.chart import Chart
from tracking.admin.named import NamedAdmin
from tracking.models import Page, ViewCell
from tracking.models.page_view import ALL_PAGES, last_hours
from tracking.page_views.figures import figures_of

HOURS_IN_LIST, HOURS_OF_PAGE = 24, 48
MOST_FOUND = 1_000


class MostViewed(BigTableList):
    """The pages as their cells come, in the order of their views."""

    def get_results(self, request):
        cells = ViewCell.objects.by_views()
        if self.queryset.query.has_filters():
            found = self.queryset.values_list("pk", flat=True)[:MOST_FOUND]
            cells = cells.filter(page__in=list(found))
        self.queryset = cells
        super().get_results(request)
        ids = [cell.page for cell in self.result_list]
        figures = figures_of([ALL_PAGES, *ids], last_hours(HOURS_IN_LIST))
        pages = Page.objects.in_bulk(ids)
        for pk, page in pages.items():
            page.figures = figures[pk]
        self.result_list = [pages[pk] for pk in ids]
        self.totals = figures[ALL_PAGES]
        self.total_chart = Chart(self.totals.hours)


@admin.register(Page)
class PageAdmin(NamedAdmin):
    list_display = ["page_id", "views", "visitors", "late_views", "trend"]
    fields = ["page_id"]
    search_fields = ["page_id"]  # makes the box appear
    search_help_text = "A whole page_id."

    def get_changelist(self, request, **kwargs):
        return MostViewed

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": "Pages"} | (extra_context or {}))

    @admin.display(description="views")
    def views(self, page):
        return f"{page.figures.views:,}"

    @admin.display(description="visitors")
    def visitors(self, page):
        return f"{page.figures.visitors:,}"

    @admin.display(description="views in 24 h")
    def late_views(self, page):
        return f"{page.figures.late_views:,}"

    @admin.display(description="trend")
    def trend(self, page):
        return Chart(page.figures.hours).svg

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        figures = figures_of([obj.pk], last_hours(HOURS_OF_PAGE))[obj.pk]
        context |= {
            "title": "Page",
            "figures": figures,
            "chart": Chart(figures.hours),
            "hours": [hour for hour in reversed(figures.hours) if hour.views],
        }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)
