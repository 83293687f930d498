"""The API's address map. /docs shows it with every field."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from campaigns.api import CampaignViewSet, ContactViewSet, GroupViewSet, PixelViewSet
from campaigns.api.file import CampaignFileView, GroupFileView, files
from campaigns.merge_file import MergeFile
from tracking.api import OpeningViewSet, StatisticsView
from tracking.exports import NonOpeners, Openers, Openings

router = DefaultRouter()
router.include_format_suffixes = False
router.register("campaigns", CampaignViewSet)
router.register("groups", GroupViewSet)
router.register("contacts", ContactViewSet)
router.register("pixels", PixelViewSet)
router.register("openings", OpeningViewSet)

urlpatterns = [
    path("token/", include("accounts.urls")),
    path("campaigns/<pk>/statistics/", StatisticsView.as_view(), name="campaign-statistics"),
    # Each as .csv and as .jsonl: pixels, openers, non-openers, openings.
    *files("campaigns/<pk>", CampaignFileView, [MergeFile, Openers, NonOpeners, Openings]),
    *files("groups/<pk>", GroupFileView, [Openers, NonOpeners, Openings]),
    path("", include(router.urls)),
]
