from accounts.models import TokenFamily


class EndsLogins:
    """One of AUTH_PASSWORD_VALIDATORS: Django tells them of every new password, whichever page or
    command it came by. It has no rule of its own."""

    def validate(self, password, user=None):
        pass

    def password_changed(self, password, user=None):
        if user:
            TokenFamily.objects.end_all_of(user)

    def get_help_text(self) -> str:
        return "A new password ends all logins to the API."
