from django.utils.timezone import is_naive
from rest_framework import serializers

YEARS = range(1970, 3000)  # beyond them, converting a time to a time zone can fail


class TimeField(serializers.DateTimeField):
    default_error_messages = {"year": f"Give a time from {YEARS[0]} to {YEARS[-1]}."}

    def to_internal_value(self, value):
        moment = super().to_internal_value(value)
        if moment.year not in YEARS:
            self.fail("year")
        return moment


class ZonedTimeField(TimeField):
    """A time that says its zone: nobody is to find out by the mails that go out which was meant."""

    default_error_messages = {
        "invalid": "Give date, time and zone like 2026-03-01T08:00:00+01:00 (ISO 8601).",
        "no_zone": "Give the time's zone as well, as in 2026-03-01T08:00:00+01:00.",
    }

    def __init__(self, **kwargs):
        # In forms, a browser's own input for times knows no zone.
        super().__init__(style={"input_type": "text"}, **kwargs)

    def enforce_timezone(self, value):
        if is_naive(value):
            self.fail("no_zone")
        return super().enforce_timezone(value)
