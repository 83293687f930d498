"""What people and programs may say about openings, and what the log says of it."""

from ipaddress import ip_interface

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.client_address import KEPT_BITS
from accounts.scope import ScopedField
from accounts.serializers.time import TimeField
from campaigns.models import Pixel
from campaigns.serializers.bulk import RowsField
from tracking.hit import REFERER_LENGTH, USER_AGENT_LENGTH, Hit, referer_host
from tracking.models import OpeningChange, Verdict
from tracking.moment import milliseconds
from tracking.networks import locate
from tracking.rule_set import REPORTED
from tracking.serializers import OpeningSerializer


class PastField(TimeField):
    """A time up to now, in whole milliseconds as that of hits."""

    default_error_messages = {"future": "Give a time that has come already."}

    def to_internal_value(self, value):
        moment = super().to_internal_value(value)
        if moment > timezone.now():
            self.fail("future")
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class EventIdField(serializers.UUIDField):
    default_error_messages = {
        "version": "Give a UUID of a version from 1 to 8, as every common tool makes them."
    }

    def to_internal_value(self, data):
        uuid = super().to_internal_value(data)
        if uuid.version not in range(1, 9):  # MariaDB refuses others
            self.fail("version")
        return uuid


class NetworkField(serializers.CharField):
    """An address or a network, of which (network label, truncated network) is kept."""

    default_error_messages = {
        "network": "Give an IP address or a network, such as 203.0.113.0/24.",
        "wide": "Give a network of one /24 (IPv4) or /48 (IPv6), or an address in it.",
    }

    def to_internal_value(self, data):
        try:
            interface = ip_interface(super().to_internal_value(data))
        except ValueError:
            self.fail("network")
        if interface.network.prefixlen < KEPT_BITS[interface.version]:
            self.fail("wide")
        return locate(str(interface.ip))


class PixelField(ScopedField):
    """A pixel that the user may see; out of the context's `pixels` where they were read before."""

    def get_queryset(self):
        return self.context.get("pixels") or super().get_queryset()


class OpeningReportSerializer(serializers.Serializer):
    """An opening that another tool counted. Its validated data is made a hit by `hit_of`."""

    event_id = EventIdField(help_text="Chosen by you; sent again, it makes no second opening.")
    pixel = PixelField(
        queryset=Pixel.objects.select_related("contact__group__campaign"),
        style={"base_template": "input.html"},
    )
    opened_at = PastField(help_text="Kept to the millisecond.")
    user_agent = serializers.CharField(
        default="",
        allow_blank=True,
        trim_whitespace=False,
        help_text=f"The first {USER_AGENT_LENGTH} characters are kept. With the network label it "
        "is the reader. Without one, the verdict is that of a program that names none.",
    )
    network = NetworkField(
        default="",
        allow_blank=True,
        help_text="An IP address or a network. Only its /24 (IPv4) or /48 (IPv6) is stored.",
    )
    network_label = serializers.CharField(
        default="", allow_blank=True, max_length=32, help_text="As the network says, unless given."
    )
    verdict = serializers.ChoiceField(
        Verdict.choices, required=False, help_text="Judged as that of a hit, unless given."
    )
    reason = serializers.CharField(
        required=False,
        max_length=32,
        help_text=f"Why this verdict, in a word; `{REPORTED}` unless given.",
    )
    referer = serializers.CharField(
        default="", allow_blank=True, help_text="A host or an address; only the host is stored."
    )

    def validate(self, attrs):
        if "reason" in attrs and "verdict" not in attrs:
            raise serializers.ValidationError(
                {"verdict": "Give the verdict that this is the reason of."}, code="required"
            )
        return attrs


def hit_of(report: dict) -> Hit:
    """The hit behind a validated report."""
    label, network = report["network"] or ("", "")  # where none is given, the field is empty
    judged = None
    if "verdict" in report:
        judged = report["verdict"], report.get("reason", REPORTED)
    return Hit(
        event_id=report["event_id"].bytes,
        pixel=report["pixel"].uuid.bytes,
        at=milliseconds(report["opened_at"]),
        user_agent=report["user_agent"][:USER_AGENT_LENGTH],
        network_label=report["network_label"] or label,
        network=network,
        referer=host_of(report["referer"]),
        judged=judged,
    )


def host_of(referer: str) -> str:
    """Of an address, or of a host alone."""
    return referer_host(referer if "//" in referer else f"//{referer}")[:REFERER_LENGTH]


class OpeningCorrectionSerializer(serializers.Serializer):
    opened_at = PastField(help_text="Kept to the millisecond.")
    verdict = serializers.ChoiceField(
        Verdict.choices, help_text="Another than before gets the reason `corrected`."
    )

    def validate(self, attrs):
        settled = set(OpeningSerializer.Meta.fields) | set(OpeningReportSerializer().fields)
        if fixed := (settled - set(self.fields)) & set(self.initial_data):
            raise serializers.ValidationError(
                dict.fromkeys(sorted(fixed), "Only opened_at and verdict can be corrected."),
                code="immutable",
            )
        return attrs


class OpeningStateSerializer(serializers.Serializer):
    """An opening before or after a change."""

    pixel = serializers.IntegerField(allow_null=True, help_text="Null where it is anonymous.")
    opened_at = serializers.DateTimeField()
    verdict = serializers.ChoiceField(Verdict.choices)


class OpeningChangeSerializer(serializers.ModelSerializer):
    before = OpeningStateSerializer(allow_null=True, read_only=True)
    after = OpeningStateSerializer(allow_null=True, read_only=True)

    class Meta:
        model = OpeningChange
        fields = ("id", "event_id", "group", "action", "by", "at", "before", "after")
        read_only_fields = fields


@extend_schema_field(OpeningReportSerializer(many=True))
class OpeningRowsField(RowsField):
    pass


class ReportedOpeningsSerializer(serializers.Serializer):
    openings = OpeningRowsField()
