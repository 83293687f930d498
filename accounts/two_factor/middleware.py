from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts.two_factor.device import device_of, must_turn_on


class TwoFactorMiddleware:
    """Who has two factors is signed in with both of them, or not at all: sessions of the time
    before, and such as are made in some other way, count for nothing. It comes after django-otp's,
    and costs nothing where nobody asks who the user is."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        user = request.user
        request.user = SimpleLazyObject(lambda: admitted(request, user))
        return self.get_response(request)


def admitted(request, user):
    if settings.ADMIN_TWO_FACTOR == "off" or not user.is_authenticated or user.is_verified():
        return user
    if device_of(user):
        return AnonymousUser()
    # The admin shows where to turn it on, and nothing else.
    in_admin = request.path.startswith(reverse("admin:index"))
    return user if in_admin or not must_turn_on(user) else AnonymousUser()
