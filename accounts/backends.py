from django.contrib.auth.backends import ModelBackend

from accounts.address import address_key
from accounts.login_guard import LoginGuard
from accounts.models import User


class EmailOrUsernameBackend(ModelBackend):
    """Signs in by username, or by e-mail address: what has an "@" is one.

    Every way to log in with a password comes through here, and is guarded against guessing.
    """

    def authenticate(self, request, username=None, password=None, **kwargs):
        """The user or None; LockedOut after too many failures."""
        if username is None or password is None:
            return None
        guard = LoginGuard(request, username)
        guard.check()
        user = self.find(request, username, password, **kwargs)
        if user is None:
            guard.fail()
        else:
            guard.check()
            guard.succeed(user)
        return user

    def find(self, request, typed, password, **kwargs):
        username = typed
        if "@" in typed:
            found = User.objects.filter(email=typed).values_list("username", flat=True).first()
            username = found or typed
        user = super().authenticate(request, username=username, password=password, **kwargs)
        # To MySQL "änna" is "anna"; to the guard each spelling would be another account.
        return user if user and typed_for(user, typed) else None


def typed_for(user, typed) -> bool:
    return user.username == typed or user.email == address_key(typed)
