from django.contrib.admin.views.autocomplete import AutocompleteJsonView

from accounts.scoped_admin import ScopedAdmin


class ScopedAutocomplete(AutocompleteJsonView):
    """What is offered while somebody types into a form: the rows that the form would take.

    Whoever may add or change campaigns is offered the teams for them, with or without Django's
    permission to look at teams: the role in each team decides, as it does in the form.
    """

    @property
    def source(self):
        """The pages of the form; None where the model has none."""
        pages = self.admin_site._registry.get(self.source_field.model)
        return pages if isinstance(pages, ScopedAdmin) else None

    def has_perm(self, request, obj=None):
        return super().has_perm(request, obj) or self.fills_in(request)

    def fills_in(self, request) -> bool:
        pages = self.source
        if not pages or not pages.says_the_team(self.source_field):
            return False
        offered = self.source_field.name in pages.get_autocomplete_fields(request)
        may = pages.has_add_permission(request) or pages.has_change_permission(request)
        return offered and may

    def get_queryset(self):
        rows = super().get_queryset()
        pages = self.source
        return pages.choosable(self.source_field, self.request, rows) if pages else rows
