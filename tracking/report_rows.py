"""Many reported openings at once: each row answered with its id or with its error."""

from dataclasses import asdict
from types import SimpleNamespace

from rest_framework.exceptions import PermissionDenied, ValidationError

from accounts.row_error import RowError
from campaigns.models import Pixel
from tracking.opening_serializers import OpeningReportSerializer, PixelField, hit_of
from tracking.refusals import refusal_of
from tracking.report import Reported, report

LOOKED_UP_AT_ONCE = 500  # 1,000 and a further condition are too many for SQLite


def report_rows(rows: list, serializer: OpeningReportSerializer, view) -> list[dict]:
    """What became of each row: {"id", "created"} or {"error"}. Rows that can't be read, or whose
    team the user may not write to, keep no other back."""
    serializer.context["pixels"] = pixels_of(rows, view.request.user)
    may_write = WritableGroups(view)
    results, hits = {}, {}
    for position, row in enumerate(rows):
        try:
            read = serializer.run_validation(row)
            may_write.check(read["pixel"].contact.group)
            hits[position] = hit_of(read)
        except ValidationError as error:
            results[position] = error_of(RowError.first_of(error.detail))
        except PermissionDenied as error:
            results[position] = error_of(RowError.first_of(error.detail))
    reported = report(list(hits.values()), by=view.request.user.get_username())
    for position, each in zip(hits, reported, strict=True):
        results[position] = result_of(each)
    return [results[position] for position in range(len(rows))]


def pixels_of(rows: list, user) -> dict[int, Pixel]:
    """The pixels that the rows name and the user may see, by id."""
    named = {id_or_none(row.get("pixel")) for row in rows if isinstance(row, dict)}
    ids = sorted(named - {None})
    pixels = Pixel.objects.of(user).prefetch_related("contact__group__campaign")
    found = {}
    for start in range(0, len(ids), LOOKED_UP_AT_ONCE):
        some = ids[start : start + LOOKED_UP_AT_ONCE]
        found |= {pixel.pk: pixel for pixel in pixels.filter(pk__in=some)}
    return found


def id_or_none(value) -> int | None:
    try:
        pk = PixelField.read_id(value)
    except ValidationError:
        return None
    return pk if 0 < pk < 2**63 else None


class WritableGroups:
    """Asks the view's permissions once for each group."""

    def __init__(self, view):
        self._view = view
        self._answers: dict[int, PermissionDenied | None] = {}

    def check(self, group):
        """PermissionDenied where the user may not write."""
        if group.pk not in self._answers:
            self._answers[group.pk] = self._ask(group)
        if answer := self._answers[group.pk]:
            raise answer

    def _ask(self, group) -> PermissionDenied | None:
        try:
            self._view.check_object_permissions(self._view.request, SimpleNamespace(group=group))
        except PermissionDenied as denied:
            return denied
        return None


def result_of(reported: Reported) -> dict:
    if reported.opening is None:
        code, detail = refusal_of(reported.decision)
        return error_of(RowError(code, None, detail))
    return {"id": reported.opening.pk, "created": reported.is_created}


def error_of(error: RowError) -> dict:
    return {"error": asdict(error)}
