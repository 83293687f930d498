from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

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
