import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import Membership, Team, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return User.objects.create_user("ada", "Ada@Example.com", "correct horse")


@pytest.mark.parametrize("make", ["create_user", "create_superuser"])
def test_every_user_has_a_team_of_their_own_from_the_start(make):
    user = getattr(User.objects, make)("ada", "ada@example.com", "correct horse")
    assert user.own_team.name == "ada's team"
    assert Membership.objects.get(team=user.own_team, user=user).role == "manager"
    assert user.ensure_own_team() == user.own_team
    assert Team.objects.count() == 1


def test_a_user_made_by_a_form_gets_the_team_when_it_is_wanted():
    user = User(username="ada", email="ada@example.com")
    user.save()
    assert user.ensure_own_team().owner == user


def test_an_email_address_is_unique_whatever_its_case(user):
    assert User.objects.get(email="ada@EXAMPLE.com") == user
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("other", "ADA@example.com")


@pytest.mark.parametrize("name", ["ada", "ada@example.com", "ADA@Example.COM"])
def test_the_username_or_the_email_address_signs_in(user, name):
    assert authenticate(username=name, password="correct horse") == user
    assert authenticate(username=name, password="wrong") is None


def test_a_username_never_looks_like_an_email_address():
    with pytest.raises(ValidationError, match="letters, digits"):
        User(username="ada@example.com", email="x@example.com", password="x").full_clean()


def test_a_user_belongs_to_a_team_once(user):
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=user, team=user.own_team)


def test_a_member_sees_their_teams_and_a_superuser_all(user):
    other = User.objects.create_user("bob", "bob@example.com")
    Membership.objects.create(team=other.own_team, user=user)
    assert set(Team.objects.of(user)) == {user.own_team, other.own_team}
    assert set(Team.objects.of(other)) == {other.own_team}
    root = User.objects.create_superuser("root", "root@example.com")
    assert Team.objects.of(root).count() == 3


def test_a_team_outlives_its_owner(user):
    team = user.own_team
    user.delete()
    team.refresh_from_db()
    assert team.owner is None
