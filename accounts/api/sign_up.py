from django.conf import settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import CreateAPIView
from rest_framework.permissions import AllowAny

from accounts.scope import SavesOrSaysWhy
from accounts.serializers.sign_up import SignUpSerializer
from accounts.throttle import SignUpThrottle


class SignUpClosed(PermissionDenied):
    default_code = "sign_up_closed"
    default_detail = "Nobody can sign up here. Ask whoever runs this service for an account."


class SignUpView(SavesOrSaysWhy, CreateAPIView):
    """Make an account, with a team of its own.

    Unless sign-up is open to all, one needs an invitation: the token that a manager of a team
    has passed on, and the e-mail address that it is for. The new account is a member at once.
    PixelTrack sends no mail, so that nobody proves here that an address is theirs, and a taken
    username or address is told as such.
    """

    authentication_classes = ()
    permission_classes = [AllowAny]
    throttle_classes = [SignUpThrottle]
    serializer_class = SignUpSerializer

    def create(self, request, *args, **kwargs):
        if settings.API_SIGN_UP == "closed":
            raise SignUpClosed
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer):
        self.save(serializer)
