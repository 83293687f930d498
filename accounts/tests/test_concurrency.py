"""Two people who change the same team at the same moment."""

from functools import partial

import pytest

from accounts.models import Invitation, Membership, Refusal, Team
from accounts.tests.at_once import all_at_once
from accounts.tests.people import make_member, make_user

pytestmark = pytest.mark.django_db(transaction=True)
Role = Membership.Role
ROUNDS = 5


def outcomes(*works) -> list:
    """Do all of them at the same moment; what each returned, or the refusal it met."""

    def outcome(work):
        try:
            return work()
        except Refusal as refusal:
            return refusal

    return all_at_once([partial(outcome, work) for work in works])


@pytest.mark.parametrize(
    "act", [lambda row: row.change_role(Role.VIEWER), lambda row: row.remove()], ids=["role", "go"]
)
def test_of_two_last_managers_one_stays(act):
    for _ in range(ROUNDS):
        team = Team.objects.start(name="Night shift", manager=make_user())
        make_member(team, Role.MANAGER)
        one, other = team.memberships.all()
        results = outcomes(lambda: act(one), lambda: act(other))  # noqa: B023
        assert [getattr(each, "code", None) for each in results].count("last_manager") == 1
        assert team.memberships.filter(role=Role.MANAGER).count() == 1


def test_an_invitation_that_is_accepted_twice_at_once_makes_one_member():
    team, ada = make_user().own_team, make_user()
    invitation = Invitation.objects.invite(
        team=team, email=ada.email, role="editor", invited_by="boss"
    )
    again = Invitation.objects.get()
    first, second = outcomes(lambda: invitation.accept(ada), lambda: again.accept(ada))
    assert first == second
    assert team.memberships.filter(user=ada).count() == 1


def test_an_address_that_is_invited_twice_at_once_has_one_invitation_that_counts():
    team = make_user().own_team
    fields = {"team": team, "email": "ada@example.com", "role": "editor", "invited_by": "boss"}
    outcomes(*[lambda: Invitation.objects.invite(**fields)] * 3)
    assert Invitation.objects.count() == 3
    assert Invitation.objects.pending().count() == 1
