"""The API's address map. /docs shows it with every field."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from accounts.api import (
    ApiKeyViewSet,
    InvitationViewSet,
    MembershipViewSet,
    SignUpView,
    TeamViewSet,
)
from campaigns.api import (
    CampaignViewSet,
    ContactImportViewSet,
    ContactsOfCampaign,
    ContactsOfGroup,
    ContactViewSet,
    ErasedAddressViewSet,
    GroupsOfCampaign,
    GroupViewSet,
    PixelsOfContact,
    PixelViewSet,
    RemovalViewSet,
    RowsOfImport,
)
from campaigns.api.file import CampaignFileView, GroupFileView, ImportFileView, files
from campaigns.merge_file import MergeFile
from campaigns.rejected_rows import RejectedRows
from campaigns.table import Csv
from tracking.api import (
    DecisionsOfCampaign,
    ErasedVisitorViewSet,
    OpeningChangeViewSet,
    OpeningsOfCampaign,
    OpeningsOfContact,
    OpeningViewSet,
    StatisticsView,
)
from tracking.exports import NonOpeners, Openers, Openings

router = DefaultRouter()
router.include_format_suffixes = False
router.register("teams", TeamViewSet)
router.register("memberships", MembershipViewSet)
router.register("invitations", InvitationViewSet)
router.register("api-keys", ApiKeyViewSet)
router.register("campaigns", CampaignViewSet)
router.register("groups", GroupViewSet)
router.register("contacts", ContactViewSet)
router.register("pixels", PixelViewSet)
router.register("openings", OpeningViewSet)
router.register("opening-changes", OpeningChangeViewSet)
router.register("erased-addresses", ErasedAddressViewSet)
router.register("erased-visitors", ErasedVisitorViewSet)
router.register("removals", RemovalViewSet)
router.register("imports", ContactImportViewSet)

nested = {
    "campaigns/<int:id>/groups/": GroupsOfCampaign,
    "campaigns/<int:id>/contacts/": ContactsOfCampaign,
    "campaigns/<int:id>/openings/": OpeningsOfCampaign,
    "groups/<int:id>/contacts/": ContactsOfGroup,
    "contacts/<int:id>/pixels/": PixelsOfContact,
    "contacts/<int:id>/openings/": OpeningsOfContact,
    "imports/<int:id>/rows/": RowsOfImport,
}

urlpatterns = [
    path("token/", include("accounts.urls")),
    path("sign-up/", SignUpView.as_view(), name="sign-up"),
    path("campaigns/<pk>/statistics/", StatisticsView.as_view(), name="campaign-statistics"),
    path(
        "campaigns/<int:id>/decide/",
        DecisionsOfCampaign.as_view({"get": "list", "post": "create"}),
    ),
    *(path(address, view.as_view({"get": "list"})) for address, view in nested.items()),
    # Each as .csv and as .jsonl: pixels, openers, non-openers, openings.
    *files("campaigns/<pk>", CampaignFileView, [MergeFile, Openers, NonOpeners, Openings]),
    *files("groups/<pk>", GroupFileView, [Openers, NonOpeners, Openings]),
    *files("imports/<pk>", ImportFileView, [RejectedRows], forms=[Csv]),
    path("", include(router.urls)),
]
