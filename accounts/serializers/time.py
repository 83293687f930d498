from rest_framework import serializers

YEARS = range(1970, 3000)  # beyond them, converting a time to a time zone can fail


class TimeField(serializers.DateTimeField):
    default_error_messages = {"year": f"Give a time from {YEARS[0]} to {YEARS[-1]}."}

    def to_internal_value(self, value):
        moment = super().to_internal_value(value)
        if moment.year not in YEARS:
            self.fail("year")
        return moment
