"""Many contacts in one request."""

from dataclasses import asdict
from types import SimpleNamespace

from django.db import IntegrityError
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from accounts.idempotency import idempotent
from accounts.row_error import RowError
from accounts.scope import Conflict
from campaigns.erasure import AddressErased
from campaigns.models import Contact
from campaigns.models.schedule import ContactRow, Outcome, Taken
from campaigns.serializers import BulkResultsSerializer, BulkSerializer
from campaigns.serializers.contact_row import (
    GroupField,
    KnownGroups,
    check_rows,
    refuse_teams,
)

NOT_ALLOWED = PermissionDenied.default_detail


class BulkContacts:
    """For the viewset of contacts."""

    @idempotent
    @extend_schema(request=BulkSerializer, responses=BulkResultsSerializer)
    @action(
        detail=False,
        methods=["post"],
        serializer_class=BulkSerializer,
        pagination_class=None,
        filter_backends=[],
    )
    def bulk(self, request):
        """Take in up to 10,000 contacts. Each row is answered with its id, or with its error.

        The good rows are stored although others are bad. An address that its group has already
        keeps its contact and its pixels (`created` is false), and the fields that the row gives
        are brought up to date; so the same rows may be sent again.
        """
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        items = body.validated_data["contacts"]
        groups = KnownGroups.of(request.user, items)
        rows = check_rows(items, groups)
        rows = refuse_teams(rows, self.refused_teams(groups.by_id.values()))
        try:
            outcomes = Contact.objects.schedule_many(
                [row for row in rows if isinstance(row, ContactRow)]
            )
        except IntegrityError:
            raise Conflict from None
        return Response({"results": list(results_of(rows, iter(outcomes)))})

    def refused_teams(self, groups) -> dict[int, str]:
        """The teams of these groups that the user may not write to, and why."""
        a_group_of = {group.campaign.team_id: group for group in groups}
        refused = {}
        for team_id, group in a_group_of.items():
            row = SimpleNamespace(group=group)
            for permission in self.get_permissions():
                if not permission.has_object_permission(self.request, self, row):
                    refused[team_id] = getattr(permission, "message", None) or NOT_ALLOWED
        return refused


def results_of(rows, outcomes):
    """The answer to each row: its error, or the next of the outcomes."""
    for row in rows:
        yield result_of(row, next(outcomes)) if isinstance(row, ContactRow) else error_of(row)


def result_of(row: ContactRow, outcome: Outcome) -> dict:
    if outcome.taken == Taken.GROUP_GONE:
        detail = GroupField.default_error_messages["does_not_exist"].format(pk_value=row.group.pk)
        return error_of(RowError("does_not_exist", "group", detail))
    if outcome.taken == Taken.ERASED:
        return error_of(RowError("erased", "email", AddressErased.SENTENCE))
    return {"id": outcome.contact_id, "created": outcome.taken == Taken.CREATED}


def error_of(error: RowError) -> dict:
    return {"error": asdict(error)}
