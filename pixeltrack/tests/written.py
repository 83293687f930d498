"""What each serializer takes in. A field, or a serializer, that nobody listed fails a test."""

from collections.abc import Iterator

from rest_framework import serializers

from pixeltrack.tests.matrix import Unlisted
from pixeltrack.tests.routes import Route, api_routes
from pixeltrack.tests.table import VERBS

WRITES = ("POST", "PUT", "PATCH")
KINDS = ("application/json", "multipart/form-data")
WRITABLE = {
    "CampaignSerializer": ("team name time_zone pixels_per_contact tracking closed_at group_names"),
    "GroupSerializer": "campaign name is_control",
    "ContactSerializer": "group email name external_id scheduled_at sent_at",
    "PixelSerializer": "contact number",
    "BulkSerializer": "contacts",
    "ContactRowSerializer": "group email name external_id scheduled_at sent_at pixels",
    "HtmlSerializer": "html",
    "PostedImportSerializer": (
        "campaign group run_at scheduled_at create_groups reject_overlap dry_run contacts"
    ),
    "UploadedImportSerializer": (
        "campaign group run_at scheduled_at create_groups reject_overlap dry_run file"
    ),
    "OpeningReportSerializer": (
        "event_id pixel opened_at user_agent network network_label verdict reason referer"
    ),
    "OpeningCorrectionSerializer": "opened_at verdict",
    "ReportedOpeningsSerializer": "openings",
    "CampaignDecisionSerializer": "group remark",
    "ErasedVisitorSerializer": "user_id",
    "TeamSerializer": "name",
    "MembershipSerializer": "role",
    "NewInvitationSerializer": "team email role",
    "AcceptSerializer": "token",
    "NewApiKeySerializer": "team name role expires_at",
    "SignUpSerializer": "username email password invitation",
    "TokenSerializer": "username password",
    "RefreshSerializer": "refresh",
    "VerifySerializer": "token",
    "LogoutSerializer": "refresh",
}


# They read no body, whatever serializer they answer with.
WITHOUT_BODY = {
    "/api/contacts/<pk>/erase/",
    *(f"/api/imports/<pk>/{verb}/" for verb in VERBS),
}


def writes() -> list[tuple[str, Route]]:
    """Each method and route of the API that takes a body."""
    return [
        (method, route) for route in api_routes() for method in WRITES if method in route.methods()
    ]


def serializer_for(method: str, route: Route, user, kind="application/json"):
    """The serializer that the view would read a body with, or None where it has none."""
    if route.address in WITHOUT_BODY:
        return None
    view = route.made_for(method, user, kind)
    return view.get_serializer() if hasattr(view, "get_serializer") else None


def serializers_for(route_of: tuple[str, Route], user) -> list:
    """Those for bodies of each kind."""
    found = (serializer_for(*route_of, user, kind) for kind in KINDS)
    return [serializer for serializer in found if serializer]


def nested(serializer) -> Iterator[serializers.Serializer]:
    """The serializer and all those within it that take something in."""
    if isinstance(serializer, serializers.ListSerializer):
        yield from nested(serializer.child)
    elif isinstance(serializer, serializers.Serializer):
        yield serializer
        for each in serializer.fields.values():
            if not each.read_only:
                yield from nested(told_of(each))


def told_of(each):
    """What the schema tells of a field, where it tells more than the field does itself."""
    return getattr(each, "_spectacular_annotation", {}).get("field", each)


def taken_in(serializer) -> set[str]:
    return {name for name, each in serializer.fields.items() if not each.read_only}


def listed(serializer) -> set[str]:
    """The fields that the table allows, in the serializer and in those within it."""
    allowed = set()
    for each in nested(serializer):
        name = type(each).__name__
        if name not in WRITABLE:
            raise Unlisted(
                f"{name} takes in {sorted(taken_in(each))}: add a line to WRITABLE in "
                "pixeltrack/tests/written.py, with what people may set, and nothing else."
            )
        allowed |= set(WRITABLE[name].split())
    return allowed
