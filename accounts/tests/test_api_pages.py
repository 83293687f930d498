"""The pages that the API shows in a browser, and what it says of itself."""

import pytest

from accounts.models import Invitation
from accounts.tests.people import client_of, client_with, make_key, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return make_user()


@pytest.mark.parametrize("kind", ["teams", "memberships", "invitations", "api-keys"])
@pytest.mark.parametrize("who", ["user", "key"])
def test_lists_and_rows_open_in_a_browser(user, kind, who):
    key = make_key(user.own_team, "manager")
    invitation = Invitation.objects.invite(
        team=user.own_team, email="ada@example.com", role="viewer", invited_by="boss"
    )
    row = {
        "teams": user.own_team,
        "memberships": user.memberships.get(),
        "invitations": invitation,
        "api-keys": key,
    }[kind]
    client = client_of(user) if who == "user" else client_with(key)
    for address in (f"/api/{kind}/", f"/api/{kind}/{row.pk}/"):
        page = client.get(address, HTTP_ACCEPT="text/html")
        assert page.status_code == 200
        assert page["Content-Type"].startswith("text/html")
        assert client.options(address).status_code == 200
    for secret in (key.key.partition(".")[2], invitation.token):
        assert secret not in client.get(address, HTTP_ACCEPT="text/html").text


@pytest.mark.parametrize("address", ["/api/invitations/accept/", "/api/sign-up/"])
def test_what_is_only_sent_to_has_a_page_too(user, address):
    page = client_of(user).get(address, HTTP_ACCEPT="text/html")
    assert page.status_code == 405
    assert page["Content-Type"].startswith("text/html")
    assert client_of(user).options(address).status_code == 200
