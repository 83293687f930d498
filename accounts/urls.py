from django.urls import path

from accounts import api

urlpatterns = [
    path("", api.TokenView.as_view(), name="token"),
    path("refresh/", api.RefreshView.as_view(), name="token-refresh"),
    path("verify/", api.VerifyView.as_view(), name="token-verify"),
    path("logout/", api.LogoutView.as_view(), name="token-logout"),
]
