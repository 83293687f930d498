from accounts.idempotency import IdempotentRequest
from accounts.models.api_key import ApiKey
from accounts.models.invitation import Invitation
from accounts.models.refusal import Refusal
from accounts.models.team import Membership, Team
from accounts.models.user import AccountManager, User

__all__ = [
    "AccountManager",
    "ApiKey",
    "IdempotentRequest",
    "Invitation",
    "Membership",
    "Refusal",
    "Team",
    "User",
]
