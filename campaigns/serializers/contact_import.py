"""Contact imports: how they are asked for, and what is told of them."""

import json
from collections.abc import Mapping

from django.conf import settings
from django.core.files.base import ContentFile
from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException

from accounts.scope import ScopedField
from accounts.serializers.time import ZonedTimeField
from campaigns.import_file import Unreadable
from campaigns.import_file.record import encodable
from campaigns.import_row import MOST_PIXELS, refuse_unreadable
from campaigns.models import Campaign, ContactImport, Group, ReportedRow
from campaigns.serializers.bulk import MOST_ROWS

CSRF_FIELD = "csrfmiddlewaretoken"  # which forms of the browsable API bring along
NAME_SHOWN = 50  # characters of a field's name that nobody knows
MOST_NAMED = 20
ROWS_NAME = "rows.json"
NO_SWITCH = {"invalid": "Write true or false."}
TEXT, MOMENT = {"type": "string"}, {"type": "string", "format": "date-time"}
ROW = {
    "type": "object",
    "description": "As a row of a file; values of other columns are kept with the contact.",
    "properties": {
        "email": {"type": "string", "format": "email"},
        "name": TEXT,
        "external_id": TEXT,
        "group": {**TEXT, "description": "Its name."},
        "scheduled_at": MOMENT,
        "sent_at": MOMENT,
        "pixels": {"type": "integer", "minimum": 1, "maximum": MOST_PIXELS},
    },
    "additionalProperties": {},
}


class FileTooLarge(APIException):
    status_code = 413
    default_code = "too_large"

    def __init__(self):
        most = settings.MAX_IMPORT_BYTES
        super().__init__(
            f"The file is longer than the {most} bytes that are allowed. Send it in parts, or "
            "packed as zip or gzip."
        )


class ImportOptionsSerializer(serializers.ModelSerializer):
    campaign = ScopedField(queryset=Campaign.objects.all())
    group = ScopedField(
        queryset=Group.objects.select_related("campaign"),
        required=False,
        allow_null=True,
        help_text="A group of the campaign, where all rows go. Without it, each row names its own.",
    )
    run_at = ZonedTimeField(
        required=False, help_text="It is not begun before: now, unless you say."
    )
    scheduled_at = ZonedTimeField(
        required=False,
        allow_null=True,
        help_text=ContactImport._meta.get_field("scheduled_at").help_text,
    )

    class Meta:
        model = ContactImport
        fields = (
            "campaign",
            "group",
            "run_at",
            "scheduled_at",
            "create_groups",
            "reject_overlap",
            "dry_run",
        )
        extra_kwargs = {
            name: {"error_messages": NO_SWITCH}
            for name in ("create_groups", "reject_overlap", "dry_run")
        }

    def to_internal_value(self, data):
        # Elsewhere a field that is misspelt is missed at once. Here "dryrun" would take in for
        # real what somebody meant to try out.
        if isinstance(data, Mapping) and (unknown := set(data) - {*self.fields, CSRF_FIELD}):
            known = ", ".join(self.fields)
            sentence = f"There is no such field here, so nothing was begun. Known are {known}."
            errors = {
                encodable(name[:NAME_SHOWN]): [sentence] for name in sorted(unknown)[:MOST_NAMED]
            }
            raise serializers.ValidationError(errors, "unknown_field")
        self.refuse_unheard(data)
        return super().to_internal_value(data)

    def refuse_unheard(self, data):
        """What else would say something and not be heard: an option in the address, one that a
        form gives twice, a switch that it leaves empty (`-F dry_run=$UNSET`)."""
        if beside := sorted(set(self.context["request"].query_params) & set(self.fields)):
            errors = {name: ["Give it in the body; nothing was begun."] for name in beside}
            raise serializers.ValidationError(errors, "not_in_address")
        if not isinstance(data, QueryDict):
            return
        if twice := [name for name in data if len(data.getlist(name)) > 1]:
            errors = {encodable(name): ["Give it once; nothing was begun."] for name in twice}
            raise serializers.ValidationError(errors, "twice")
        if empty := [name for name in self.Meta.extra_kwargs if data.get(name) == ""]:
            errors = {name: [NO_SWITCH["invalid"]] for name in empty}
            raise serializers.ValidationError(errors, "invalid")

    def validate(self, attrs):
        group = attrs.get("group")
        if group and group.campaign_id != attrs["campaign"].pk:
            raise serializers.ValidationError(
                {"group": "This group belongs to another campaign."}, "other_campaign"
            )
        return attrs

    def create(self, validated_data):
        return ContactImport.objects.receive(**validated_data)


class UploadedImportSerializer(ImportOptionsSerializer):
    """A file, with the options beside it."""

    file = serializers.FileField(
        allow_empty_file=True,  # the reader says better what is wrong with it
        error_messages={
            "required": "Send a file: as `file` of a form (curl -F file=@people.csv), or its rows "
            "as JSON, in `contacts`.",
            "invalid": "This is a text, and no file. curl sends one where an @ stands before its "
            "name: -F file=@people.csv.",
            "no_name": "Give the file a name: -F 'file=@-;filename=people.csv'.",
        },
        help_text="CSV (comma, semicolon or tab), JSON or JSON Lines, plain, zipped or gzipped.",
    )

    class Meta(ImportOptionsSerializer.Meta):
        fields = ("file", *ImportOptionsSerializer.Meta.fields)

    def validate_file(self, file):
        if file.size > settings.MAX_IMPORT_BYTES:
            raise FileTooLarge
        try:
            refuse_unreadable(file)
        except Unreadable as problem:
            raise serializers.ValidationError(str(problem), problem.code) from None
        return file


@extend_schema_field(
    {"type": "array", "items": ROW, "minItems": 1, "maxItems": MOST_ROWS, "writeOnly": True}
)
class ImportedRowsField(serializers.ListField):
    """Objects; what they are is looked at when they are taken in. Becomes a file of them.

    Any items: a list that checks its items would refuse them all for one of them.
    """

    default_error_messages = {
        "min_length": "Send at least one row.",
        "max_length": "Send at most {max_length} rows at once, or a file.",
    }

    def __init__(self, **kwargs):
        super().__init__(min_length=1, max_length=MOST_ROWS, **kwargs)

    def run_validation(self, data=serializers.empty):
        # Not in to_internal_value: the list's length is looked at after that, and a file has one
        # as well, in bytes.
        rows = super().run_validation(data)
        # In ASCII: JSON may carry half of a character, and UTF-8 may not.
        text = ",\n".join(map(json.dumps, rows))
        return ContentFile(f"[{text}]\n".encode("ascii"), ROWS_NAME)


class PostedImportSerializer(ImportOptionsSerializer):
    """Rows, with the options beside them."""

    contacts = ImportedRowsField(source="file")

    class Meta(ImportOptionsSerializer.Meta):
        fields = ("contacts", *ImportOptionsSerializer.Meta.fields)


class FileFactsSerializer(serializers.Serializer):
    """What the file is, as its content tells."""

    encoding = serializers.CharField(help_text="`utf-8`, `utf-16`, `latin-1` …")
    delimiter = serializers.CharField(allow_blank=True, help_text="Empty for JSON.")
    packing = serializers.CharField(allow_blank=True, help_text="`gzip`, `zip`, or empty.")
    form = serializers.CharField(help_text="`csv`, `json` or `jsonl`.")
    columns = serializers.ListField(
        child=serializers.CharField(), help_text="Of the first line; none for JSON."
    )


class ContactImportSerializer(serializers.ModelSerializer):
    file = serializers.SerializerMethodField()
    remarks = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="On the file as a whole, in sentences.",
    )
    percent = serializers.IntegerField(
        min_value=0, max_value=100, read_only=True, help_text="Of the file; 100 when all is done."
    )
    rows_per_second = serializers.FloatField(
        read_only=True, allow_null=True, help_text="While it was worked at; null before."
    )
    seconds_left = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="At the pace so far; null where nothing tells."
    )

    class Meta:
        model = ContactImport
        fields = (
            "id",
            "campaign",
            "group",
            "name",
            "size",
            "file",
            "run_at",
            "scheduled_at",
            "create_groups",
            "reject_overlap",
            "dry_run",
            "run_as",
            "state",
            "problem",
            "remarks",
            "percent",
            "rows",
            "created",
            "updated",
            "unchanged",
            "rejected",
            "noted",
            "rows_per_second",
            "seconds_left",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields

    @extend_schema_field(FileFactsSerializer(allow_null=True))
    def get_file(self, contact_import):
        """Null until it is begun."""
        facts = contact_import.facts
        return FileFactsSerializer(facts).data if facts else None


class ReportedRowSerializer(serializers.ModelSerializer):
    class Meta:
        model = ReportedRow
        fields = ("line", "rejected", "code", "column", "value", "detail")
        read_only_fields = fields
