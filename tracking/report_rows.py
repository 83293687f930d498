"""Many reported openings at once: each row answered with its id or with its error."""

from types import SimpleNamespace

from rest_framework.exceptions import ValidationError

from accounts.row_error import RowError
from accounts.scope import KnownRows
from campaigns.models import Pixel
from tracking.hit import Hit
from tracking.opening_serializers import OpeningReportSerializer, hit_of
from tracking.refusals import refusal_of
from tracking.report import Reported, report

LOOKED_UP_AT_ONCE = 500  # 1,000 and a further condition are too many for SQLite


def report_rows(rows: list, serializer: OpeningReportSerializer, view) -> list[dict]:
    """What became of each row: {"id", "created"} or {"error"}. Rows that can't be read, or whose
    team the user may not write to, keep no other back."""
    pixels = pixels_of(rows, serializer, view.request.user)
    serializer.context["pixels"] = KnownRows(pixels)
    refused = view.refused_teams(
        SimpleNamespace(group=pixel.contact.group) for pixel in pixels.values()
    )
    checked = [check_row(row, serializer, refused) for row in rows]
    hits = [each for each in checked if isinstance(each, Hit)]
    reported = iter(report(hits, by=view.request.user.get_username()))
    return [result_of(next(reported)) if isinstance(each, Hit) else each.result for each in checked]


def check_row(row, serializer, refused: dict) -> Hit | RowError:
    """The hit that it reports, or why it is not taken in. `refused`: team id → why."""
    try:
        read = serializer.run_validation(row)
    except ValidationError as error:
        return RowError.first_of(error.detail)
    if denied := refused.get(read["pixel"].contact.group.campaign.team_id):
        return RowError.first_of(denied.detail, "pixel")
    return hit_of(read)


def pixels_of(rows: list, serializer, user) -> dict[int, Pixel]:
    """The pixels that the rows name and the user may see, by id."""
    ids = sorted(serializer.fields["pixel"].named_in(rows, "pixel"))
    pixels = Pixel.objects.of(user).prefetch_related("contact__group__campaign")
    found = {}
    for start in range(0, len(ids), LOOKED_UP_AT_ONCE):
        some = ids[start : start + LOOKED_UP_AT_ONCE]
        found |= {pixel.pk: pixel for pixel in pixels.filter(pk__in=some)}
    return found


def result_of(reported: Reported) -> dict:
    if reported.opening is None:
        code, detail = refusal_of(reported.decision)
        return RowError(code, None, detail).result
    return {"id": reported.opening.pk, "created": reported.is_created}
