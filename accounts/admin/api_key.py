from django.contrib import admin
from django.template.response import TemplateResponse

from accounts.admin.revocation import RevocationAdmin
from accounts.forms import NamedForm
from accounts.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(RevocationAdmin):
    """A new key is shown once, in the answer that made it. A revoked one opens nothing."""

    form = NamedForm
    list_display = ["name", "prefix", "team", "role", "made_by", "last_used_at", "expires_at"]
    list_display += ["revoked_at"]
    list_select_related = ["team"]
    list_filter = ["role", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "prefix", "team__name"]
    ordering = ["-pk"]

    def get_fields(self, request, obj=None):
        return self.list_display if obj else ["team", "name", "role", "expires_at"]

    def save_model(self, request, obj, form, change):
        obj.made_by = request.user.get_username()
        obj.draw_secret()
        super().save_model(request, obj, form, change)

    def response_add(self, request, obj, post_url_continue=None):
        """Shows the key itself: a redirect would have to keep it somewhere for the next page."""
        context = {**self.admin_site.each_context(request), "title": "API key", "key": obj}
        page = TemplateResponse(request, "admin/accounts/apikey/made.html", context)
        page["Cache-Control"] = "no-store"
        return page
