from accounts.admin.api_key import ApiKeyAdmin
from accounts.admin.idempotency import IdempotentRequestAdmin
from accounts.admin.invitation import InvitationAdmin
from accounts.admin.team import MembershipAdmin, TeamAdmin
from accounts.admin.user import UserAdmin

__all__ = [
    "ApiKeyAdmin",
    "IdempotentRequestAdmin",
    "InvitationAdmin",
    "MembershipAdmin",
    "TeamAdmin",
    "UserAdmin",
]
