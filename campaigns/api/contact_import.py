from types import SimpleNamespace

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import GenericViewSet

from accounts.idempotency import idempotent
from accounts.models import Refusal
from accounts.nested import Nested
from accounts.scope import Conflict, TeamScoped, changing
from campaigns.filters import ContactImportFilterSet, ReportedRowFilterSet
from campaigns.models import ContactImport, ReportedRow
from campaigns.serializers import (
    ContactImportSerializer,
    PostedImportSerializer,
    ReportedRowSerializer,
    UploadedImportSerializer,
)

JSON, FORM = "application/json", MultiPartParser.media_type
HOW_TO_SEND = (
    "Send a file as `file` of a form, with the options beside it (curl -F campaign=7 -F "
    "file=@people.csv), or rows as application/json, in `contacts`."
)
LOCATION = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    response=[201],
    description="The address that tells how far the import has come.",
)
ROWS = OpenApiExample(
    "Two rows, to be taken in tonight",
    {
        "campaign": 7,
        "run_at": "2026-09-30T22:00:00Z",
        "contacts": [
            {"email": "ada@example.com", "name": "Ada", "group": "bold", "city": "London"},
            {"email": "bob@example.com", "scheduled_at": "2026-10-01T08:00:00+02:00"},
        ],
    },
    request_only=True,
    media_type=JSON,
)
FILE = OpenApiExample(
    "A file, tried out first",
    {"campaign": 7, "group": 11, "dry_run": True, "file": "(what is in people.csv)"},
    request_only=True,
    media_type=FORM,
)


class ContactImportViewSet(
    TeamScoped,
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet,
):
    """Imports: lists of contacts, taken into a campaign in the background from `run_at` on.

    `waiting`: nobody has begun. `running`: rows are being taken in. `paused`: until somebody
    resumes it. At the end `done`, `failed` (the file can't be read; `problem` says why) or
    `cancelled`. What was taken in stays, whatever becomes of the import.
    """

    queryset = ContactImport.objects.select_related("campaign__team")
    team_path = "campaign.team"
    serializer_class = ContactImportSerializer
    filterset_class = ContactImportFilterSet
    search_fields = ("name",)
    ordering_fields = ("id", "run_at", "created_at")

    def get_serializer_class(self):
        if self.action != "create":
            return self.serializer_class
        # Anything else comes by a form, as in the browsable API, which brings a file.
        is_json = self.request.content_type.lower().startswith(JSON)
        return PostedImportSerializer if is_json else UploadedImportSerializer

    def handle_exception(self, exc):
        if isinstance(exc, UnsupportedMediaType) and self.action == "create":
            exc = UnsupportedMediaType(self.request.content_type, HOW_TO_SEND)
        return super().handle_exception(exc)

    @idempotent
    @extend_schema(
        request={JSON: PostedImportSerializer, FORM: UploadedImportSerializer},
        responses={201: ContactImportSerializer},
        parameters=[LOCATION],
        examples=[ROWS, FILE],
    )
    def create(self, request, *args, **kwargs):
        """Take in a file of contacts, or up to 10,000 rows as JSON.

        The columns of a file are `email` (the only one that must be there), `name`,
        `external_id`, `group` (its name), `scheduled_at`, `sent_at` (with a zone) and `pixels`
        (how many). Others are kept with the contact, and the merge file has them too. An
        address that its group has already keeps its contact and pixels, and what the row gives
        is brought up to date; so the same file may be sent again.

        An option that is unknown, because it is misspelt say, is refused (400), and so are a time
        without a zone and a file that can be told to be unreadable at once. What is wrong with
        single rows is reported at `rows/`, and never stops the others.
        """
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        self.check_object_permissions(request, SimpleNamespace(**body.validated_data))
        self.save(body, created_by=request.user.get_username())
        return self.made(body.instance)

    def made(self, contact_import: ContactImport) -> Response:
        return Response(self.show(contact_import), status.HTTP_201_CREATED)

    def show(self, contact_import: ContactImport) -> dict:
        return ContactImportSerializer(contact_import, context=self.get_serializer_context()).data

    def finalize_response(self, request, response, *args, **kwargs):
        if response.status_code == status.HTTP_201_CREATED:  # also where the answer is a stored one
            response["Location"] = reverse("contactimport-detail", args=[response.data["id"]])
        return super().finalize_response(request, response, *args, **kwargs)

    def destroy(self, request, *args, **kwargs):
        """Delete an import that has ended, with its file and what it reported.

        The contacts that it took in stay.
        """
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, contact_import):
        # Not all in one transaction: it may have reported a million rows.
        try:
            contact_import.remove()
        except Refusal as refusal:
            raise Conflict(refusal, refusal.code) from None

    # -- What can be done to one that is there --------------------------------------------------
    @extend_schema(request=None, responses=ContactImportSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request, pk=None):
        """Rest after the rows that are being taken in at the moment, until it is resumed."""
        return self.changed(ContactImport.pause)

    @extend_schema(request=None, responses=ContactImportSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request, pk=None):
        """Go on with an import that is paused."""
        return self.changed(ContactImport.resume)

    @extend_schema(request=None, responses=ContactImportSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request, pk=None):
        """Stop it. What it has taken in stays."""
        return self.changed(ContactImport.cancel)

    @extend_schema(request=None, responses=ContactImportSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request, pk=None):
        """Go on with an import that failed or was cancelled, after the last row that it took in."""
        return self.changed(ContactImport.retry)

    def changed(self, verb) -> Response:
        contact_import = self.get_object()
        with changing():
            verb(contact_import)
        return Response(self.show(contact_import))

    @idempotent
    @extend_schema(request=None, responses={201: ContactImportSerializer}, parameters=[LOCATION])
    @action(detail=True, methods=["post"])
    def run(self, request, pk=None):
        """After a dry run: take the same file in, as a new import with the same options."""
        dry_run = self.get_object()
        with changing():
            return self.made(dry_run.run(by=request.user.get_username()))


class RowsOfImport(Nested, TeamScoped, mixins.ListModelMixin, GenericViewSet):
    """What an import reports about single rows, in the order of the file: those that it rejected,
    and remarks on others that it took in."""

    parent = ContactImport
    queryset = ReportedRow.objects.all()
    team_path = "contact_import.campaign.team"
    serializer_class = ReportedRowSerializer
    filterset_class = ReportedRowFilterSet
    ordering = "line"
    ordering_fields = ("line",)

    def rows_of_parent(self, rows):
        return rows.filter(contact_import=self.parent_id)
