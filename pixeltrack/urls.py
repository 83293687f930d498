from django.contrib import admin
from django.urls import path, re_path

from tracking.views import pixel

urlpatterns = [
    re_path(r"^p/(?P<token>.+)\.gif$", pixel, name="pixel"),
    path("admin/", admin.site.urls),
]
