"""The API's address map. /docs shows it with every field."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from campaigns.api import (
    CampaignViewSet,
    ContactViewSet,
    GroupViewSet,
    PixelViewSet,
    RemovalViewSet,
)
from tracking.api import OpeningViewSet, StatisticsView

router = DefaultRouter()
router.include_format_suffixes = False
router.register("campaigns", CampaignViewSet)
router.register("groups", GroupViewSet)
router.register("contacts", ContactViewSet)
router.register("pixels", PixelViewSet)
router.register("openings", OpeningViewSet)
router.register("removals", RemovalViewSet)

urlpatterns = [
    path("token/", include("accounts.urls")),
    path("campaigns/<pk>/statistics/", StatisticsView.as_view(), name="campaign-statistics"),
    path("", include(router.urls)),
]
