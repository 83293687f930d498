from accounts.api.api_key import ApiKeyViewSet
from accounts.api.invitation import InvitationViewSet
from accounts.api.membership import MembershipViewSet
from accounts.api.sign_up import SignUpView
from accounts.api.team import TeamViewSet
from accounts.api.token import LogoutView, RefreshView, TokenView, VerifyView

__all__ = [
    "ApiKeyViewSet",
    "InvitationViewSet",
    "LogoutView",
    "MembershipViewSet",
    "RefreshView",
    "SignUpView",
    "TeamViewSet",
    "TokenView",
    "VerifyView",
]
