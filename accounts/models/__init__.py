from accounts.idempotency import IdempotentRequest
from accounts.login_guard import LoginTrace
from accounts.models.api_key import ApiKey
from accounts.models.invitation import Invitation
from accounts.models.refusal import Refusal
from accounts.models.team import Membership, Team
from accounts.models.user import AccountManager, User
from accounts.token_family import TokenFamily

__all__ = [
    "AccountManager",
    "ApiKey",
    "IdempotentRequest",
    "Invitation",
    "LoginTrace",
    "Membership",
    "Refusal",
    "Team",
    "TokenFamily",
    "User",
]
