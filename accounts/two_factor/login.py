"""Logging in: the password first, then the code. There is no session of the user before both."""

import time

from django import forms
from django.contrib import admin, auth
from django.contrib.auth.views import LoginView, RedirectURLMixin
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts.login_guard import LockedOut
from accounts.models import User
from accounts.two_factor.device import check_code, device_of

AWAITING, SECONDS = "awaiting_code", 300


class CodeForm(forms.Form):
    """A code of the app, or a backup code. `device` is what it has proved."""

    code = forms.CharField(
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
        help_text="Of your app, or one of your backup codes.",
    )

    def __init__(self, *args, request, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.request, self.user, self.device = request, user, None

    def clean_code(self):
        try:
            self.device = check_code(self.request, self.user, self.cleaned_data["code"])
        except LockedOut as locked:
            raise ValidationError(str(locked.detail), code=locked.default_code) from None
        if self.device is None:
            raise ValidationError("This code is not right, or was used before.", code="wrong")
        return self.cleaned_data["code"]


class PasswordStep(LoginView):
    def form_valid(self, form):
        user = form.get_user()
        if not device_of(user):
            return super().form_valid(form)
        self.request.session[AWAITING] = {
            "user": user.pk,
            "backend": user.backend,
            "password": user.get_session_auth_hash(),
            "until": time.time() + SECONDS,
        }
        query = urlencode({self.redirect_field_name: self.get_success_url()})
        return HttpResponseRedirect(f"{reverse('admin:login_code')}?{query}")


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class CodeStep(RedirectURLMixin, FormView):
    form_class = CodeForm
    template_name = "admin/two_factor/login_code.html"
    next_page = "admin:index"

    def dispatch(self, request, *args, **kwargs):
        self.user = who_awaits(request)
        if self.user is None:
            query = urlencode({self.redirect_field_name: self.get_success_url()})
            return HttpResponseRedirect(f"{reverse('admin:login')}?{query}")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"request": self.request, "user": self.user}

    def form_valid(self, form):
        del self.request.session[AWAITING]
        self.user.otp_device = form.device  # django-otp keeps it in the session
        auth.login(self.request, self.user)
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **kwargs):
        site = admin.site.each_context(self.request)
        return super().get_context_data(
            **site, title="Log in", next=self.get_success_url(), **kwargs
        )


def who_awaits(request) -> User | None:
    """Whose password was right lately, in this session, and is still that."""
    state = request.session.get(AWAITING)
    if not state or state["until"] < time.time():
        return None
    user = User.objects.filter(pk=state["user"], is_active=True).first()
    if not user or not constant_time_compare(user.get_session_auth_hash(), state["password"]):
        return None
    user.backend = state["backend"]
    return user
