from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import Media, Script
from django.utils.html import escape, format_html

from accounts.scoped_admin import BigTableAdmin, NamelessHistory, ScopedInline
from campaigns.admin.erasure import ErasureAdmin
from campaigns.admin.lists import AddressSearch, CampaignFilter, uuid_or_none
from campaigns.admin.preview import PreviewAdmin
from campaigns.admin.removal import GuardedDeletion, RemovalAdmin
from campaigns.models import Contact, Pixel
from campaigns.models.by_contact import ByContactQuerySet
from campaigns.templatetags.breakable import breakable


def to_copy(text: str, what: str):
    """A text that one click selects whole; campaigns/copy.js puts a button beside it."""
    # Escaped once more: "html" is safe to paste, and here it is to be seen.
    return format_html('<code class="to-copy" data-what="{}">{}</code>', what, escape(text))


class PixelTexts(admin.options.BaseModelAdmin):
    @admin.display(description="address")
    def address(self, pixel):
        return to_copy(pixel.url, f"address of pixel {pixel.number}")

    @admin.display(description="HTML to paste into the mail")
    def html(self, pixel):
        return to_copy(pixel.html, f"HTML of pixel {pixel.number}")

    @property
    def media(self):
        return super().media + Media(js=[Script("campaigns/copy.js", defer=True)])


class PixelInline(PixelTexts, ScopedInline):
    model = Pixel
    template = "admin/campaigns/contact/pixels.html"
    fields = readonly_fields = ["address", "html"]
    ordering = ["number"]
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class ContactForm(forms.ModelForm):
    def validate_unique(self):
        super().validate_unique()
        # The key made of the address is on no form, and Django passes over a constraint with a
        # field that isn't: the database would be the one to complain.
        try:
            self.instance.validate_constraints()
        except ValidationError as error:
            self.add_error("email", error.messages)


@admin.register(Contact)
class ContactAdmin(
    ErasureAdmin, PreviewAdmin, NamelessHistory, AddressSearch, RemovalAdmin, BigTableAdmin
):
    team_path = "group.campaign.team_id"
    form = ContactForm
    list_display = ["email", "name", "group"]
    list_select_related = ["group__campaign"]
    list_filter = [CampaignFilter]
    autocomplete_fields = ["group"]
    settled_fields = ["group"]
    readonly_fields = ["created_at", "erased_at"]
    inlines = [PixelInline]

    def get_fields(self, request, obj=None):
        fields = ["group", "email", "name", "external_id", "scheduled_at", "sent_at"]
        if obj:
            fields.append("created_at")
        if obj and obj.erased_at:
            fields.append("erased_at")
        return fields

    def get_inlines(self, request, obj):
        return self.inlines if obj else []

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj:
            context["heading"] = breakable(obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def save_model(self, request, obj, form, change):
        was = obj.lock() if change else None
        super().save_model(request, obj, form, change)
        obj.refuse_erased_address()
        if not change:
            obj.add_pixels(obj.group.campaign.pixels_per_contact)
        obj.settle(was)

    def losses(self, rows):
        return {"pixels": Pixel.objects.filter(contact__in=rows).count()}

    def delete_queryset(self, request, queryset):
        Contact.objects.filter(pk__in=[contact.pk for contact in queryset]).remove()


@admin.register(Pixel)
class PixelAdmin(PixelTexts, NamelessHistory, AddressSearch, GuardedDeletion, BigTableAdmin):
    team_path = "contact.group.campaign.team_id"
    ordering = ByContactQuerySet.ORDER
    list_display = ["uuid", "number", "contact", "group"]
    list_select_related = ["contact__group__campaign"]
    search_help_text = "How the contact's e-mail address begins, or the pixel's uuid."
    contact_path = "contact"
    autocomplete_fields = ["contact"]

    def get_search_results(self, request, queryset, search_term):
        if uuid := uuid_or_none(search_term):
            return queryset.filter(uuid=uuid), False
        return super().get_search_results(request, queryset, search_term)

    def get_fields(self, request, obj=None):
        fields = ["contact", "number"]
        return [*fields, "uuid", "address", "html"] if obj else fields

    def get_readonly_fields(self, request, obj=None):
        return self.get_fields(request, obj) if obj else []

    def has_change_permission(self, request, obj=None):
        """A pixel that is out in a mail stays as it is."""
        return False

    def save_model(self, request, obj, form, change):
        with Contact.objects.filter(pk=obj.contact_id).changing_pixels():
            super().save_model(request, obj, form, change)

    def delete_model(self, request, obj):
        with Contact.objects.filter(pk=obj.contact_id).changing_pixels():
            super().delete_model(request, obj)

    def delete_queryset(self, request, queryset):
        contacts = {pixel.contact_id for pixel in queryset}
        with Contact.objects.filter(pk__in=contacts).changing_pixels():
            super().delete_queryset(request, queryset)

    @admin.display(description="group")
    def group(self, pixel):
        return pixel.contact.group
