from types import SimpleNamespace

from django.contrib import admin


class NamelessHistory(admin.ModelAdmin):
    """For rows that are shown by an e-mail address: the history of the admin, which outlives
    them, names them by their id."""

    def log_addition(self, request, obj, message):
        return super().log_addition(request, nameless(obj), message)

    def log_change(self, request, obj, message):
        return super().log_change(request, nameless(obj), message)

    def log_deletions(self, request, queryset):
        return super().log_deletions(request, [nameless(row) for row in queryset])


class Nameless(SimpleNamespace):
    def __str__(self):
        return f"{self._meta.verbose_name} {self.pk}"


def nameless(row) -> Nameless:
    """What the history asks of a row."""
    return Nameless(pk=row.pk, _meta=row._meta)
