"""What every part of the API that belongs to teams has in common."""

from collections.abc import Iterable
from contextlib import contextmanager
from operator import attrgetter
from types import SimpleNamespace

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, models, transaction
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import APIException, PermissionDenied

from accounts.models import Refusal
from accounts.permissions import TeamRole


class Conflict(APIException):
    """The request is well-formed, but what is stored stands against it."""

    status_code = 409
    default_code = "conflict"
    default_detail = "Somebody changed the same thing at the same moment. Read it and try again."


@contextmanager
def changing(complain=None):
    """A change, whole or not at all. Another request may have been faster, or in the way: then
    `complain` may say better than a general conflict what is wrong."""
    try:
        with transaction.atomic():
            yield
    except Refusal as refusal:
        raise Conflict(refusal, refusal.code) from None
    except IntegrityError:
        if complain:
            complain()
        raise Conflict from None
    except ObjectDoesNotExist:
        raise Http404 from None


class SavesOrSaysWhy:
    """For views with serializers that save."""

    def save(self, serializer, **fields):
        """Save; where another request was faster, say what is wrong as validation would have."""

        def validate_again():
            self.get_serializer(
                serializer.instance, data=serializer.initial_data, partial=serializer.partial
            ).is_valid(raise_exception=True)

        with changing(validate_again):
            serializer.save(**fields)


class TeamScoped(SavesOrSaysWhy):
    """For viewsets whose rows belong to teams: rows of one's own teams only, and by role."""

    permission_classes = [TeamRole]
    team_path: str  # from a row to its team, for example "group.campaign.team"

    def get_queryset(self):
        queryset = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):  # the schema is made without a user
            return queryset.none()
        return queryset.of(self.request.user)

    def options(self, request, *args, **kwargs):
        """Tells of another team's row what every other verb tells: that there is none."""
        if self.lookup_field in kwargs:
            self.get_object()
        return super().options(request, *args, **kwargs)

    def team_of(self, row):
        return attrgetter(self.team_path)(row)

    def refused_teams(self, rows: Iterable) -> dict[int, PermissionDenied]:
        """Those of the teams of many rows that the user may not do this to: id → why."""
        team_id = attrgetter(f"{self.team_path}_id")
        one_of_each = {team_id(row): row for row in rows}
        refused = {}
        for team, row in one_of_each.items():
            try:
                self.check_object_permissions(self.request, row)
            except PermissionDenied as denied:
                refused[team] = denied
        return refused

    def perform_create(self, serializer):
        # There is no row yet; what it will belong to is in the fields.
        self.check_object_permissions(self.request, SimpleNamespace(**serializer.validated_data))
        self.save(serializer)

    def perform_update(self, serializer):
        self.save(serializer)

    def perform_destroy(self, row):
        with changing():
            row.remove()


class KnownRows:
    """Rows that were read before the many that name them; they answer a ScopedField as a QuerySet
    does."""

    def __init__(self, by_id: dict):
        self.by_id = by_id

    def get(self, pk):
        if pk not in self.by_id:
            raise ObjectDoesNotExist
        return self.by_id[pk]


NO_ID = {"invalid": "Give its id, a number, and not its name."}


class ScopedField(serializers.PrimaryKeyRelatedField):
    """The id of a row that the user may see. Any other row does not exist for them."""

    default_error_messages = {
        "does_not_exist": "There is no row with the id {pk_value}, or it belongs to another team."
    }

    def __init__(self, **kwargs):
        by_id = serializers.IntegerField(error_messages=NO_ID)
        super().__init__(pk_field=by_id, **kwargs)

    def get_queryset(self):
        return super().get_queryset().of(self.context["request"].user)

    def id_of(self, value) -> int | None:
        """The id that the value names, where it can be one."""
        try:
            number = self.pk_field.run_validation(value)
        except serializers.ValidationError:
            return None
        return number if 0 < number <= models.BigIntegerField.MAX_BIGINT else None

    def named_in(self, items: Iterable, key: str) -> set[int]:
        """The ids that the dicts among the items have under the key."""
        values = (item.get(key) for item in items if isinstance(item, dict))
        return {self.id_of(value) for value in values} - {None}
