from functools import update_wrapper
from hashlib import blake2b
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.timezone import get_current_timezone_name
from django.views.decorators.cache import never_cache

from accounts.autocomplete import ScopedAutocomplete
from accounts.forms import AdminLoginForm
from accounts.two_factor.device import must_turn_on
from accounts.two_factor.login import CodeStep, PasswordStep
from accounts.two_factor.page import two_factor_page
from pixeltrack.navigation import navigation
from tracking.panels.home import Home
from tracking.panels.side import Side, chosen


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
            "two_factor": settings.ADMIN_TWO_FACTOR,
        }

    def get_urls(self):
        return [
            path("live/", self.admin_view(self.live), name="live"),
            path("search/", self.admin_view(self.search), name="search"),
            path("login/code/", CodeStep.as_view(), name="login_code"),
            path("two-factor/", super().admin_view(two_factor_page), name="two_factor"),
            *super().get_urls(),
        ]

    # -- Home --------------------------------------------------------------------------------------
    def index(self, request, extra_context=None):
        return chosen(request) or super().index(
            request, self.home_of(request) | (extra_context or {})
        )

    def live(self, request):
        """What is shown of home, and renewed while somebody looks at it."""
        reply = render(request, "admin/live.html", self.home_of(request))
        tag = f'"{blake2b(reply.content, digest_size=16).hexdigest()}"'
        reply["ETag"] = tag
        return get_conditional_response(request, etag=tag, response=reply)

    def home_of(self, request) -> dict:
        def may(action, model):
            return getattr(self.get_model_admin(model), f"has_{action}_permission")(request)

        side = Side.of(request)
        home = Home(request.user, may, side, timezone.now())
        return {"home": home, "side": side, "sides": list(Side)}

    # -- Logging in, with one proof or two ---------------------------------------------------------
    def login(self, request, extra_context=None):
        """Django's own, and then perhaps a code."""
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        context = self.each_context(request) | {
            "title": "Log in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            "next": request.GET.get("next") or reverse("admin:index"),
        }
        view = PasswordStep.as_view(
            extra_context=context | (extra_context or {}),
            authentication_form=self.login_form,
            template_name=self.login_template or "admin/login.html",
            next_page="admin:index",
        )
        return never_cache(view)(request)

    def admin_view(self, view, cacheable=False):
        """Who is to turn on two-factor login is led to where that is done, from everywhere."""
        inner = super().admin_view(view, cacheable)

        def led(request, *args, **kwargs):
            leaves = request.path == reverse("admin:logout")
            if not leaves and self.has_permission(request) and must_turn_on(request.user):
                return HttpResponseRedirect(reverse("admin:two_factor"))
            return inner(request, *args, **kwargs)

        return update_wrapper(led, inner)

    def autocomplete_view(self, request):
        return ScopedAutocomplete.as_view(admin_site=self)(request)

    def search(self, request):
        """To the list that finds it: what has an "@" is an address, all else a campaign's name."""
        text = request.GET.get("q", "").strip()
        kind = "contact" if "@" in text else "campaign"
        query = f"?{urlencode({'q': text})}" if text else ""
        return HttpResponseRedirect(reverse(f"admin:campaigns_{kind}_changelist") + query)
