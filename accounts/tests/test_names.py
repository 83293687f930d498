"""Names that nobody can see are refused wherever one is given to a team or an API key."""

import pytest

from accounts.models import ApiKey, Membership, Team
from accounts.tests.people import assert_problem, client_of
from accounts.tests.staff import admin_client, inline, page

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
UNSEEN = "\u200b\u3164"


def test_the_api_refuses_it(manager, team):
    client = client_of(manager)
    key = {"team": team.pk, "role": Membership.Role.VIEWER}
    assert_problem(client.post("/api/teams/", {"name": UNSEEN}), 400, "invisible", "name")
    changed = client.patch(f"/api/teams/{team.pk}/", {"name": UNSEEN})
    assert_problem(changed, 400, "invisible", "name")
    made = client.post("/api/api-keys/", key | {"name": UNSEEN})
    assert_problem(made, 400, "invisible", "name")
    assert client.patch(f"/api/teams/{team.pk}/", {"name": f"{UNSEEN}A"}).status_code == 200


def test_the_admin_refuses_it(admin_client, team):
    forms = {
        page(Team, "add"): inline("memberships", name=UNSEEN),
        page(Team, "change", team.pk): inline("memberships", name=UNSEEN),
        page(ApiKey, "add"): {"team": team.pk, "name": UNSEEN, "role": Membership.Role.VIEWER},
    }
    for where, form in forms.items():
        assert "Give a name that can be seen." in admin_client.post(where, form).text, where
    assert UNSEEN not in {each.name for each in (*Team.objects.all(), *ApiKey.objects.all())}
