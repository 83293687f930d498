"""Many contacts in one request."""

from django.db import IntegrityError
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
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
        rows = refuse_teams(rows, self.refused_teams(good(rows)))
        try:
            outcomes = Contact.objects.schedule_many(good(rows))
        except IntegrityError:
            raise Conflict from None
        return Response({"results": list(results_of(rows, iter(outcomes)))})


def good(rows: list) -> list[ContactRow]:
    return [row for row in rows if isinstance(row, ContactRow)]


def results_of(rows, outcomes):
    """The answer to each row: its error, or the next of the outcomes."""
    for row in rows:
        yield result_of(row, next(outcomes)) if isinstance(row, ContactRow) else row.result


def result_of(row: ContactRow, outcome: Outcome) -> dict:
    if outcome.taken == Taken.GROUP_GONE:
        detail = GroupField.default_error_messages["does_not_exist"].format(pk_value=row.group.pk)
        return RowError("does_not_exist", "group", detail).result
    if outcome.taken == Taken.ERASED:
        return RowError("erased", "email", AddressErased.SENTENCE).result
    return {"id": outcome.contact_id, "created": outcome.taken == Taken.CREATED}
