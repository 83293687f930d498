"""The mail as a contact would get it, looked at without counting.

It is shown in a frame of its own, whose policy lets nothing in it run, load or lead elsewhere; the
pixels are not even in it, but marks in their places.
"""

from functools import partial

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_sameorigin

from campaigns.letter import letter
from campaigns.models import Contact
from campaigns.render import MOST, ForeignPixel, NotHtml, mark_of, preview

# Mails have their styles in them. Of ours, only the sample's is let in: an address of ours in the
# styles of somebody's mail could be a pixel's.
FRAMED = {
    "sandbox": True,
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "img-src": ["data:"],
    "font-src": ["data:"],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [SELF],
}
SAMPLE = FRAMED | {"style-src": [SELF, UNSAFE_INLINE]}


ERASED = "This person was erased: there is no mail to look at."


class MailForm(forms.Form):
    html = forms.CharField(
        label="HTML of a mail",
        strip=False,
        max_length=MOST,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        error_messages={"required": "Paste the HTML of a mail first."},
        help_text="With its tags, as your mail provider sends it. It is not kept.",
    )


class PreviewAdmin(admin.ModelAdmin):
    """A page with the preview of a contact's mail, for all who may look at the contact."""

    def get_urls(self):
        view, at = self.admin_site.admin_view, "campaigns_contact_preview"
        return [
            path("<int:contact_id>/preview/", view(self.preview_view), name=at),
            path("<int:contact_id>/preview/mail/", view(self.mail_view), name=f"{at}_mail"),
            *super().get_urls(),
        ]

    def preview_view(self, request, contact_id):
        """Nothing else of ours may come into the frame: a link in a mail may lead to a pixel."""
        contact = self.seen(request, contact_id)
        if contact.erased_at:
            return self.answer_with(request, ERASED, self.page_of(contact.pk))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Preview",
            "contact": contact,
            "form": MailForm(auto_id="preview_%s"),
        }
        mail = reverse("admin:campaigns_contact_preview_mail", args=[contact.pk])
        framing = csp_update({"frame-src": [request.get_host() + mail]})
        show = framing(partial(TemplateResponse, context=context))
        return show(request, "admin/campaigns/contact/preview.html")

    @method_decorator(xframe_options_sameorigin)
    def mail_view(self, request, contact_id):
        contact = self.seen(request, contact_id)
        show = own_mail if request.method == "POST" else sample
        return show(request, contact, list(contact.pixels.order_by("number")))

    def seen(self, request, contact_id: int) -> Contact:
        contact = self.get_object(request, str(contact_id))
        if contact is None:
            raise Http404
        if not self.has_view_permission(request, contact):
            raise PermissionDenied
        return contact


@csp(SAMPLE)
def sample(request, contact, pixels):
    marks = [mark_of(pixel.number) for pixel in pixels]
    context = letter(contact, marks) | {"is_preview": True}
    return render(request, "campaigns/sample_mail.html", context)


@csp(FRAMED)
def own_mail(request, contact, pixels):
    form = MailForm(request.POST)
    if not form.is_valid():
        return refused(request, form.errors["html"][0])
    try:
        return HttpResponse(preview(form.cleaned_data["html"], pixels))
    except (NotHtml, ForeignPixel) as problem:
        return refused(request, str(problem))


def refused(request, why: str):
    return render(request, "campaigns/no_preview.html", {"why": why}, status=400)
