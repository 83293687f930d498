from accounts.api.token import LogoutView, RefreshView, TokenView, VerifyView

__all__ = ["LogoutView", "RefreshView", "TokenView", "VerifyView"]
