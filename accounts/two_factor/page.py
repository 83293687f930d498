"""Where people turn their two-factor login on, make new backup codes, or turn it off."""

from base64 import b32encode
from binascii import unhexlify

import django_otp
import segno
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import mark_safe
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from accounts.two_factor.device import device_of, new_backup_codes, turn_off, turn_on
from accounts.two_factor.login import CodeForm

KEY = "two_factor_key"  # in the session, until a code has proved that the app has it


class FirstCodeForm(forms.Form):
    code = forms.CharField(
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


def two_factor_page(request):
    if settings.ADMIN_TWO_FACTOR == "off":
        raise Http404
    return manage(request) if device_of(request.user) else set_up(request)


def set_up(request):
    key = request.session.setdefault(KEY, random_hex(20))
    form = FirstCodeForm(request.POST or None)
    if form.is_valid():
        if made := turn_on(request.user, key, form.cleaned_data["code"]):
            device, codes = made
            del request.session[KEY]
            django_otp.login(request, device)
            return show_codes(request, codes)
        form.add_error("code", "This is not the code of the app. Is its clock right?")
    address = TOTPDevice(user=request.user, key=key).config_url
    picture = segno.make(address, error="m").svg_inline(scale=5, border=3, light="#fff")
    secret = b32encode(unhexlify(key)).decode()
    return answer(
        request,
        "set_up.html",
        form=form,
        picture=mark_safe(picture),  # nosec # drawn here, of squares alone
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    )


def manage(request):
    form = CodeForm(request.POST or None, request=request, user=request.user)
    may_turn_off = settings.ADMIN_TWO_FACTOR == "optional"
    if form.is_valid():
        if "codes" in request.POST:
            return show_codes(request, new_backup_codes(request.user))
        if "off" in request.POST and may_turn_off:
            turn_off(request.user)
            messages.success(request, "Two-factor login is off.")
            return HttpResponseRedirect(reverse("admin:two_factor"))
    return answer(request, "manage.html", form=form, may_turn_off=may_turn_off)


def show_codes(request, codes):
    return answer(request, "codes.html", codes=codes)


def answer(request, template: str, **context):
    context |= admin.site.each_context(request) | {"title": "Two-factor login"}
    return TemplateResponse(request, f"admin/two_factor/{template}", context)
