"""What may be asked of statistics; and for the readers of the schema, the dicts of
tracking/statistics/."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.settings import api_settings

from campaigns.models.campaign import time_zones
from tracking.comparison import Result
from tracking.models import Verdict
from tracking.statistics.figures import MOST_VALUES, OTHERS
from tracking.statistics.question import DAY, HOUR, Question

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
MEANT_FOR_OTHERS = {api_settings.URL_FORMAT_OVERRIDE}  # the pages of the API add it
NAME_SHOWN, MOST_NAMED = 64, 10
NO_MOMENT = "Give a time from 2000 to 9998 with its zone, such as 2026-03-01T12:00:00Z."


class MomentField(serializers.CharField):
    """A time that says its zone. A plus sign that was not encoded means a blank in an address."""

    def to_internal_value(self, data) -> datetime:
        text = super().to_internal_value(data)
        try:
            moment = datetime.fromisoformat(text.replace(" ", "+"))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or not EARLIEST <= moment < LATEST:
            raise serializers.ValidationError(NO_MOMENT, "invalid")
        return moment.astimezone(UTC)


@extend_schema_field({"type": "string", "format": "date-time"})
class BeginField(MomentField):
    pass


def one_of(values) -> dict:
    return {"invalid_choice": f"Ask for one of {', '.join(values)}."}


class QuestionSerializer(serializers.Serializer):
    """The query of the address."""

    bucket = serializers.ChoiceField(
        [HOUR, DAY],
        default=HOUR,
        error_messages=one_of([HOUR, DAY]),
        help_text="How long the buckets of `series` are.",
    )
    tz = serializers.CharField(
        required=False,
        help_text="An IANA time zone, whose hours and days `series` and `weekday_hours` go by; "
        "that of the campaign, unless named.",
    )
    verdict = serializers.ChoiceField(
        Verdict.values,
        required=False,
        error_messages=one_of(Verdict.values),
        help_text="Openings of this verdict only, but for `opened_contacts`, the rates, `unknown` "
        "and the comparison with the control.",
    )

    def get_fields(self):
        """`from` is a word of the language, and can't be an attribute."""
        moments = {
            "from": BeginField(
                required=False,
                help_text="Openings from this moment on, by whole quarters of an hour; `clients`, "
                "`systems`, `reasons`, `time_to_open` and `rendered` go by whole days (UTC).",
            ),
            "to": BeginField(required=False, help_text="Openings before this moment, likewise."),
        }
        return moments | super().get_fields()

    def to_internal_value(self, data):
        # A misspelt or second name would otherwise be an answer to another question.
        if unknown := sorted(set(data) - {*self.fields, *MEANT_FOR_OTHERS}):
            known = f"Ask for one of {', '.join(self.fields)}."
            errors = {name[:NAME_SHOWN]: [known] for name in unknown[:MOST_NAMED]}
            raise serializers.ValidationError(errors, "unknown_field")
        if twice := [name for name in self.fields if len(data.getlist(name)) > 1]:
            raise serializers.ValidationError({name: ["Ask once."] for name in twice}, "twice")
        return super().to_internal_value(data)

    def validate_tz(self, name):
        if name not in time_zones():
            raise serializers.ValidationError(
                f"{name} is no time zone. Try Europe/Berlin, for example.", "time_zone"
            )
        return name

    def validate(self, asked):
        if "from" in asked and "to" in asked and asked["from"] >= asked["to"]:
            raise serializers.ValidationError({"from": "Ask for a time before `to`."}, "invalid")
        return asked

    def question(self, time_zone: str) -> Question:
        """`time_zone`: where none was named. The query has to be valid."""
        asked = self.validated_data
        return Question(
            begin=asked.get("from"),
            end=asked.get("to"),
            bucket=asked["bucket"],
            zone=ZoneInfo(asked.get("tz", time_zone)),
            verdict=asked.get("verdict", ""),
        )


class ByVerdictSerializer(serializers.Serializer):
    total = serializers.IntegerField()
    human = serializers.IntegerField()
    proxy = serializers.IntegerField(help_text=Verdict.PROXY.label)
    machine = serializers.IntegerField()


class OpenedContactsSerializer(serializers.Serializer):
    """Contacts that opened for the first time, in the period. Null where the campaign is
    anonymous."""

    any = serializers.IntegerField(allow_null=True)
    verified = serializers.IntegerField(
        allow_null=True, help_text="By a person, or on behalf of one."
    )


class OpenRateSerializer(serializers.Serializer):
    """Contacts that opened ÷ contacts due, with its 95 % Wilson interval; null if none is due, or
    where the campaign is anonymous."""

    value = serializers.FloatField(allow_null=True, min_value=0, max_value=1)
    low = serializers.FloatField(allow_null=True, min_value=0, max_value=1)
    high = serializers.FloatField(allow_null=True, min_value=0, max_value=1)


class SideSerializer(serializers.Serializer):
    openings = serializers.IntegerField()
    mail_opens = serializers.IntegerField()
    contacts = serializers.IntegerField(
        allow_null=True, help_text="That opened for the first time, in the period."
    )
    open_rate = OpenRateSerializer()


class MeasuresSerializer(serializers.Serializer):
    openings = serializers.IntegerField()
    mail_opens = serializers.IntegerField()
    contacts = serializers.IntegerField(
        allow_null=True, help_text="Whose first opening is among them."
    )


class VerifiedMeasuresSerializer(MeasuresSerializer):
    contacts = serializers.IntegerField(
        allow_null=True, help_text="Whose first opening by a person, or on behalf of one, is."
    )


class TwiceSerializer(MeasuresSerializer):
    verified = VerifiedMeasuresSerializer(help_text="By a person, or on behalf of one.")


class BucketSerializer(TwiceSerializer):
    at = serializers.DateTimeField(help_text="When the hour or day begins.")


class Week(serializers.ListField):
    child = serializers.ListField(child=serializers.IntegerField(), min_length=24, max_length=24)

    def __init__(self, **kwargs):
        super().__init__(min_length=7, max_length=7, **kwargs)


class WeekMeasuresSerializer(serializers.Serializer):
    """Seven days from Monday on, each with its 24 hours."""

    openings = Week()
    mail_opens = Week()
    contacts = Week(allow_null=True, help_text="Whose first opening was then.")


class WeekSerializer(WeekMeasuresSerializer):
    """Seven days from Monday on, each with its 24 hours."""

    verified = WeekMeasuresSerializer(help_text="By a person, or on behalf of one.")


class NamedSerializer(TwiceSerializer):
    name = serializers.CharField(
        allow_blank=True,
        help_text=f"Empty where it is not known. `{OTHERS}`, which comes last, are all but the "
        f"{MOST_VALUES} with the most openings.",
    )


class OfReasonSerializer(MeasuresSerializer):
    reason = serializers.CharField(allow_blank=True)
    verdict = serializers.ChoiceField(Verdict.choices)


class OfVerdictSerializer(MeasuresSerializer):
    verdict = serializers.ChoiceField(Verdict.choices)


class TimeToOpenSerializer(serializers.Serializer):
    """Seconds from when mails were sent (`sent_at`, else `scheduled_at`) to when they were first
    opened by a person or on behalf of one: within which a tenth of those that were opened, half of
    them, and nine tenths. Interpolated between ten buckets to each power of ten."""

    p10 = serializers.FloatField(allow_null=True)
    p50 = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)


class RenderedSerializer(serializers.Serializer):
    """Contacts with several pixels, by which of them were opened. Null where the campaign is
    anonymous."""

    top = serializers.IntegerField(allow_null=True, help_text="The first only.")
    part = serializers.IntegerField(allow_null=True)
    complete = serializers.IntegerField(allow_null=True)


class FiguresSerializer(serializers.Serializer):
    contacts = serializers.IntegerField()
    due = serializers.IntegerField(help_text="Scheduled by now, or opened already.")
    openings = ByVerdictSerializer()
    mail_opens = ByVerdictSerializer()
    opened_contacts = OpenedContactsSerializer()
    open_rate = OpenRateSerializer(help_text="Raw: whoever or whatever opened.")
    raw = SideSerializer(help_text="Whoever or whatever opened.")
    verified = SideSerializer(help_text="By a person, or on behalf of one.")
    unknown = serializers.IntegerField(
        allow_null=True,
        help_text="Contacts that nothing but a machine has opened by now, whatever the period: "
        "nobody knows whether the person has.",
    )
    series = BucketSerializer(
        many=True, help_text="The hours or days of `tz` in which something was opened."
    )
    weekday_hours = WeekSerializer(help_text="By the hours of `tz`.")
    clients = NamedSerializer(many=True)
    systems = NamedSerializer(many=True)
    reasons = OfReasonSerializer(many=True)
    verdicts = OfVerdictSerializer(many=True)
    time_to_open = TimeToOpenSerializer()
    rendered = RenderedSerializer(help_text="By persons, or on behalf of them.")
    rendered_raw = RenderedSerializer(help_text="By whoever or whatever opened.")


class VersusControlSerializer(serializers.Serializer):
    """The group's open rate beside that of the control, up to now and whatever the period: it may
    be looked at as often as one likes. Contacts that are in several groups are left out."""

    difference = serializers.FloatField(
        allow_null=True, help_text="As a share: 0.03 is three points more than the control."
    )
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    result = serializers.ChoiceField([result.value for result in Result])
    contacts_wanted = serializers.IntegerField(
        allow_null=True,
        help_text="How many more, of both groups together; if it is too early, and some have "
        "opened and some have not.",
    )
    confidence = serializers.FloatField(help_text="Of the interval, at all looks together.")


class ScheduleWarningSerializer(serializers.Serializer):
    code = serializers.ChoiceField(
        ["scheduled_apart", "opened_early"],
        help_text="`opened_early`: many have opened that are scheduled for later.",
    )
    later_s = serializers.IntegerField(
        allow_null=True,
        help_text="How much later than the control, on average. Null with `opened_early`.",
    )
    apart_s = serializers.IntegerField(
        allow_null=True, help_text="How far apart the schedules are, on average; likewise."
    )
    detail = serializers.CharField()


class GroupFiguresSerializer(FiguresSerializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    is_control = serializers.BooleanField()
    versus_control = VersusControlSerializer(
        allow_null=True,
        help_text="Of verified openings. Null for the control, without one, and where the campaign "
        "is anonymous.",
    )
    versus_control_raw = VersusControlSerializer(
        allow_null=True, help_text="The same, whoever or whatever opened."
    )
    shared = serializers.IntegerField(
        help_text="Contacts whose addresses another group has as well: they are left out of the "
        "comparison."
    )
    schedule_warning = ScheduleWarningSerializer(
        allow_null=True,
        help_text="Where the group can't be compared for the times it is scheduled for.",
    )


class StatisticsSerializer(FiguresSerializer):
    campaign = serializers.IntegerField()
    as_of = serializers.DateTimeField()
    tz = serializers.CharField()
    bucket = serializers.ChoiceField([HOUR, DAY])
    groups = GroupFiguresSerializer(many=True)
