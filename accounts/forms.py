from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from accounts.fields import validate_visible
from accounts.login_guard import LockedOut


class Guarded:
    """Says in the form that too many logins have failed."""

    def clean(self):
        try:
            return super().clean()
        except LockedOut as locked:
            raise ValidationError(str(locked.detail), code=locked.default_code) from None


class LoginForm(Guarded, AuthenticationForm):
    pass


class AdminLoginForm(Guarded, AdminAuthenticationForm):
    pass


class NamedForm(forms.ModelForm):
    """Of a row with a name, which must be one that people can see."""

    def clean_name(self):
        validate_visible(self.cleaned_data["name"])
        return self.cleaned_data["name"]
