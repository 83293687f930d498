from django.contrib import admin
from django.http import HttpResponse
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView

from accounts.forms import LoginForm
from accounts.two_factor.login import PasswordStep
from pixeltrack import health
from pixeltrack.policy_report import policy_report
from pixeltrack.schema_view import SchemaView
from tracking.page_views import views as page_views
from tracking.views import pixel

PAGE = {"http_method_names": ["get", "head"]}  # OPTIONS would look for a template, and fail

swagger, redoc = PAGE | {"template_name": "swagger.html"}, PAGE | {"template_name": "redoc.html"}
api_login = {"template_name": "rest_framework/login.html", "authentication_form": LoginForm}
urlpatterns = [
    re_path(r"^p/(?P<token>.+)\.gif$", pixel, name="pixel"),
    path("track", page_views.track, name="track"),
    path("t.gif", page_views.gif),
    path("stats", page_views.StatsView.as_view(), name="stats"),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("sample/", include("campaigns.urls")),
    path("api/", include("pixeltrack.api")),
    path("api-auth/login/", PasswordStep.as_view(**api_login)),  # before REST framework's own
    path("api-auth/", include("rest_framework.urls")),
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(template_name="swagger.html", **PAGE),
        name="docs",
    ),
    path("redoc", SpectacularRedocView.as_view(template_name="redoc.html", **PAGE), name="redoc"),
    path("openapi.json", SchemaView.as_view(), name="schema"),
    path("favicon.ico", lambda request: HttpResponse(status=204)),  # browsers ask, and log a 404
    path("csp-report", policy_report),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]

handler400 = "pixeltrack.problems.bad_request"
handler403 = "pixeltrack.problems.permission_denied"
handler404 = "pixeltrack.problems.page_not_found"
handler500 = "pixeltrack.problems.server_error"
