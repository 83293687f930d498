"""Two people who change the same team at the same moment."""

import threading

import pytest
from django.db import connection

from accounts.models import Invitation, Membership, Refusal, Team
from accounts.tests.people import make_member, make_user

pytestmark = pytest.mark.django_db(transaction=True)
Role = Membership.Role
ROUNDS = 5


def at_once(*works) -> list:
    """Do all of them at the same moment; what each returned, or the refusal it met."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(position, work):
        try:
            barrier.wait()
            results[position] = work()
        except Exception as error:
            results[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    unexpected = [each for each in results if isinstance(each, Exception)]
    assert all(isinstance(each, Refusal) for each in unexpected), unexpected
    return results


@pytest.mark.parametrize(
    "act", [lambda row: row.change_role(Role.VIEWER), lambda row: row.remove()], ids=["role", "go"]
)
def test_of_two_last_managers_one_stays(act):
    for _ in range(ROUNDS):
        team = Team.objects.start(name="Night shift", manager=make_user())
        make_member(team, Role.MANAGER)
        one, other = team.memberships.all()
        results = at_once(lambda: act(one), lambda: act(other))  # noqa: B023
        assert [getattr(each, "code", None) for each in results].count("last_manager") == 1
        assert team.memberships.filter(role=Role.MANAGER).count() == 1


def test_an_invitation_that_is_accepted_twice_at_once_makes_one_member():
    team, ada = make_user().own_team, make_user()
    invitation = Invitation.objects.invite(
        team=team, email=ada.email, role="editor", invited_by="boss"
    )
    again = Invitation.objects.get()
    first, second = at_once(lambda: invitation.accept(ada), lambda: again.accept(ada))
    assert first == second
    assert team.memberships.filter(user=ada).count() == 1


def test_an_address_that_is_invited_twice_at_once_has_one_invitation_that_counts():
    team = make_user().own_team
    fields = {"team": team, "email": "ada@example.com", "role": "editor", "invited_by": "boss"}
    at_once(*[lambda: Invitation.objects.invite(**fields)] * 3)
    assert Invitation.objects.count() == 3
    assert Invitation.objects.pending().count() == 1
