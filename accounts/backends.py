from django.contrib.auth.backends import ModelBackend

from accounts.models import User


class EmailOrUsernameBackend(ModelBackend):
    """Signs in by username, or by e-mail address: what has an "@" is one."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        if username and "@" in username:
            found = User.objects.filter(email=username).values_list("username", flat=True).first()
            username = found or username
        return super().authenticate(request, username=username, password=password, **kwargs)
