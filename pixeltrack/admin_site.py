from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils.timezone import get_current_timezone_name

from accounts.forms import AdminLoginForm
from pixeltrack.navigation import navigation


class StaffSite(AdminSite):
    """The admin, with a sidebar and one box that searches campaigns and contacts."""

    site_header = site_title = "PixelTrack"
    site_url = None  # there is no other site to view
    enable_nav_sidebar = False  # Django's own; ours is in the header of base_site.html
    index_title = "Campaigns and who opened them"
    login_form = AdminLoginForm

    def each_context(self, request):
        context = super().each_context(request)
        may = context["has_permission"]
        return context | {
            "navigation": navigation(context["available_apps"], request.path) if may else [],
            "time_zone": get_current_timezone_name(),
        }

    def get_urls(self):
        return [path("search/", self.admin_view(self.search), name="search"), *super().get_urls()]

    def search(self, request):
        """To the list that finds it: what has an "@" is an address, all else a campaign's name."""
        text = request.GET.get("q", "").strip()
        kind = "contact" if "@" in text else "campaign"
        query = f"?{urlencode({'q': text})}" if text else ""
        return HttpResponseRedirect(reverse(f"admin:campaigns_{kind}_changelist") + query)
