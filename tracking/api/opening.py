from types import SimpleNamespace

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from accounts.idempotency import idempotent
from accounts.scope import Conflict, TeamScoped
from campaigns.serializers import BulkResultsSerializer
from tracking.correct import Refused, correct_opening, delete_opening
from tracking.decision import Decision
from tracking.filters import OpeningFilterSet
from tracking.models import Opening, UserAgent
from tracking.opening_serializers import (
    OpeningCorrectionSerializer,
    OpeningReportSerializer,
    ReportedOpeningsSerializer,
    hit_of,
)
from tracking.refusals import refusal_of
from tracking.report import Reported, report
from tracking.report_rows import report_rows
from tracking.serializers import OpeningSerializer

REPORT = OpenApiExample(
    "An opening from another tool",
    request_only=True,
    value={
        "event_id": "5f0c7a4e-6d0b-4c5e-9a51-2f8f5ad3c0de",
        "pixel": 1,
        "opened_at": "2026-03-01T12:00:00Z",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7",
        "network": "203.0.113.0/24",
        "verdict": "human",
    },
)
JUDGED_ANEW = OpenApiExample("It was a machine", request_only=True, value={"verdict": "machine"})
CORRECTION = OpenApiExample(
    "It was another time, and a person",
    request_only=True,
    value={"opened_at": "2026-03-01T12:30:00Z", "verdict": "human"},
)
ROWS = OpenApiExample(
    "A new one, one that is there already, and a refresh",
    response_only=True,
    value={
        "results": [
            {"id": 12, "created": True},
            {"id": 11, "created": False},
            {
                "error": {
                    "code": "refresh",
                    "field": None,
                    "detail": refusal_of(Decision.REFRESH)[1],
                }
            },
        ]
    },
)


class OpeningViewSet(TeamScoped, ModelViewSet):
    """Openings: each hit that counted."""

    queryset = Opening.objects.all()
    team_path = "group.campaign.team"
    manager_actions = ("update", "partial_update")
    filterset_class = OpeningFilterSet
    ordering_fields = ("id", "opened_at")

    def get_serializer_class(self):
        read = {"create": OpeningReportSerializer, "bulk": ReportedOpeningsSerializer}
        read |= dict.fromkeys(self.manager_actions, OpeningCorrectionSerializer)
        return read.get(self.action, OpeningSerializer)

    def paginate_queryset(self, queryset):
        openings = super().paginate_queryset(queryset)
        UserAgent.objects.attach_to(openings)
        return openings

    @extend_schema(responses={200: OpeningSerializer, 201: OpeningSerializer}, examples=[REPORT])
    def create(self, request, *args, **kwargs):
        """Take over an opening that another tool counted.

        The rules are those of a hit at `opened_at`: a refresh is no opening, a campaign that was
        closed by then or whose tracking is off counts nothing (409), nor does one that is older
        than openings are kept. Decisions follow the order of arrival, so send the oldest first:
        what is there already stays as it is, also whether it begins a mail open. The same
        `event_id` for the same pixel, in an anonymous campaign for the same group, answers 200
        with the opening as it is now; for anything else it is taken (409).
        """
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        group = serializer.validated_data["pixel"].contact.group
        self.check_object_permissions(request, SimpleNamespace(group=group))
        [reported] = report([hit_of(serializer.validated_data)], by=request.user.get_username())
        return self.answer(reported)

    def answer(self, reported: Reported) -> Response:
        if reported.opening is None:
            raise error_of(reported.decision)
        found = status.HTTP_201_CREATED if reported.is_created else status.HTTP_200_OK
        return Response(self.show(reported.opening), found)

    @idempotent
    @extend_schema(
        request=ReportedOpeningsSerializer,
        responses={200: BulkResultsSerializer},
        examples=[ROWS],
    )
    @action(detail=False, methods=["post"], filterset_class=None, pagination_class=None)
    def bulk(self, request):
        """Take over many openings, up to 10,000, by the rules for one.

        Each is answered in the order sent, with its id or with its error; the others are stored
        all the same. To send the same again creates nothing.
        """
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        rows = body.validated_data["openings"]
        one = OpeningReportSerializer(context=self.get_serializer_context())
        results = report_rows(rows, one, self)
        return Response({"results": results})

    @extend_schema(responses=OpeningSerializer, examples=[CORRECTION])
    def update(self, request, *args, **kwargs):
        """Correct when it was, and the verdict. For managers; the log keeps what it was before.

        The counts follow. At another time it is an opening by the same rules as any (409), and
        begins a mail open unless another one there does; openings of the mail open that it began
        at its old time get one of their own.
        """
        opening = self.get_object()
        partial = kwargs.get("partial", False)
        serializer = self.get_serializer(opening, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        try:
            corrected = correct_opening(
                opening.pk, by=request.user.get_username(), **serializer.validated_data
            )
        except Opening.DoesNotExist:
            raise Http404 from None
        except Refused as refused:
            raise error_of(refused.decision) from None
        return Response(self.show(corrected))

    @extend_schema(responses=OpeningSerializer, examples=[JUDGED_ANEW])
    def partial_update(self, request, *args, **kwargs):
        """Correct when it was, or the verdict. For managers; the log keeps what it was before.

        As PUT, for one of the two.
        """
        return self.update(request, *args, partial=True, **kwargs)

    def destroy(self, request, *args, **kwargs):
        """Delete the opening. For managers; the log keeps that it was there.

        The counts follow. If it began a mail open, the next opening within its hour begins one.
        """
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, opening):
        try:
            delete_opening(opening.pk, by=self.request.user.get_username())
        except Opening.DoesNotExist:
            raise Http404 from None

    def show(self, opening: Opening) -> dict:
        return OpeningSerializer(opening, context=self.get_serializer_context()).data


def error_of(decision: Decision) -> Conflict:
    if decision == Decision.RECORDED:  # and deleted before it could be read
        return Conflict()
    code, sentence = refusal_of(decision)
    return Conflict(sentence, code)
