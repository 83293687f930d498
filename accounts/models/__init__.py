from accounts.models.team import Membership, Team
from accounts.models.user import AccountManager, User

__all__ = ["AccountManager", "Membership", "Team", "User"]
