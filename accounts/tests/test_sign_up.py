import pytest
from rest_framework.test import APIClient

from accounts.models import Invitation, User
from accounts.tests.people import assert_problem, make_user
from accounts.throttle import SignUpThrottle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]
URL = "/api/sign-up/"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def sign_up_is_open(settings):
    settings.API_SIGN_UP = "open"


@pytest.fixture
def team():
    return make_user().own_team


def invite(team, email="ada@example.com") -> Invitation:
    return Invitation.objects.invite(team=team, email=email, role="editor", invited_by="boss")


def sign_up(address="203.0.113.7", **fields):
    body = {"username": "ada", "email": "Ada@Example.com", "password": PASSWORD, **fields}
    client = APIClient(raise_request_exception=False, REMOTE_ADDR=address)
    return client.post(URL, body)


def test_an_account_is_made_and_can_log_in():
    made = sign_up()
    assert made.status_code == 201
    user = User.objects.get(username="ada")
    assert made.json() == {"id": user.pk, "username": "ada", "email": "ada@example.com"}
    assert user.own_team.memberships.get().role == "manager"
    login = {"username": "ada@example.com", "password": PASSWORD}
    assert APIClient().post("/api/token/", login).status_code == 200


def test_nobody_makes_themselves_more_than_a_user():
    sign_up(is_superuser=True, is_staff=True, is_active=False, id=4711, groups=[1], role="manager")
    user = User.objects.get(username="ada")
    assert (user.is_superuser, user.is_staff, user.is_active) == (False, False, True)
    assert user.pk != 4711


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"username": "a b"}, "username", "invalid"),
        ({"username": "a@b"}, "username", "invalid"),
        ({"username": ""}, "username", "blank"),
        ({"username": "a\0b"}, "username", "null_characters_not_allowed"),
        ({"username": "x" * 151}, "username", "max_length"),
        ({"username": "ﷺ"}, "username", "invalid"),
        ({"email": "nobody"}, "email", "invalid"),
        ({"email": "a@" + "İ" * 125 + ".de"}, "email", "invalid"),
        ({"password": "short1x"}, "password", "password_too_short"),
        ({"password": "password"}, "password", "password_too_common"),
        ({"password": "31415926535"}, "password", "password_entirely_numeric"),
        ({"username": "adalovelace", "password": "adalovelace"}, "password",
         "password_too_similar"),
        ({"password": "x" * 1025}, "password", "max_length"),
    ],
)  # fmt: skip
def test_each_field_says_what_is_wrong_with_it(fields, field, code):
    assert_problem(sign_up(**fields), 400, code, field)
    assert not User.objects.exists()


def test_all_that_is_wrong_is_said_at_once():
    errors = sign_up(username="a b", password="short1x").json()["errors"]
    assert {error["field"] for error in errors} == {"username", "password"}


def test_a_name_or_an_address_that_is_taken_is_refused():
    other = make_user()
    assert_problem(sign_up(username=other.username), 400, "unique", "username")
    assert_problem(sign_up(email=other.email.upper()), 400, "unique", "email")


def test_two_who_sign_up_at_once_get_one_account(monkeypatch):
    """Both find the name free, and the database takes one of them."""
    other, checks = make_user(), []
    original = User.full_clean

    def blind_once(self, *args, **kwargs):
        checks.append(self)
        if len(checks) > 1:
            original(self, *args, **kwargs)

    monkeypatch.setattr(User, "full_clean", blind_once)
    assert_problem(sign_up(username=other.username), 400, "unique", "username")
    assert len(checks) == 2


def test_when_it_is_closed_nobody_signs_up(settings, team):
    settings.API_SIGN_UP = "closed"
    token = invite(team).token
    assert_problem(sign_up(invitation=token), 403, "sign_up_closed")
    assert not User.objects.filter(username="ada").exists()


def test_an_invitation_makes_a_member_at_once(settings, team):
    settings.API_SIGN_UP = "invited"
    assert sign_up(invitation=invite(team).token).status_code == 201
    user = User.objects.get(username="ada")
    assert user.memberships.get(team=team).role == "editor"
    assert user.own_team
    assert Invitation.objects.get().status == "accepted"


def test_without_an_invitation_nothing_is_told_of_other_accounts(settings, team):
    settings.API_SIGN_UP = "invited"
    other = make_user()
    taken = {"username": other.username, "email": other.email}
    for fields in ({}, taken):
        missing = sign_up(**fields)
        assert_problem(missing, 400, "required", "invitation")
        wrong = sign_up(**fields, invitation="x" * 43)
        assert_problem(wrong, 400, "no_invitation", "invitation")
        assert len(missing.json()["errors"]) == len(wrong.json()["errors"]) == 1
    assert not User.objects.filter(username="ada").exists()


@pytest.mark.parametrize("mode", ["open", "invited"])
def test_an_invitation_is_for_its_address_only(settings, team, mode):
    settings.API_SIGN_UP = mode
    token = invite(team, "bob@example.com").token
    assert_problem(sign_up(invitation=token), 400, "no_invitation", "invitation")
    assert not User.objects.filter(username="ada").exists()


def test_a_withdrawn_invitation_is_told_as_such(settings, team):
    settings.API_SIGN_UP = "invited"
    invitation = invite(team)
    invitation.revoke()
    response = sign_up(invitation=invitation.token)
    assert_problem(response, 400, "invitation_revoked", "invitation")


def test_an_invitation_that_is_withdrawn_meanwhile_makes_no_account(team, monkeypatch):
    invitation = invite(team)
    original = Invitation.refuse_unless_pending

    def good_until_now(self):
        original(self)
        monkeypatch.undo()
        self.revoke()

    monkeypatch.setattr(Invitation, "refuse_unless_pending", good_until_now)
    assert_problem(sign_up(invitation=invitation.token), 409, "invitation_revoked")
    assert not User.objects.filter(username="ada").exists()


def test_a_network_signs_up_so_often_and_no_more(monkeypatch):
    monkeypatch.setattr(SignUpThrottle, "rate", "2/hour")
    for _ in range(2):
        assert sign_up(password="x").status_code == 400
    refused = sign_up(address="203.0.113.8")
    assert_problem(refused, 429, "throttled")
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert not User.objects.exists()
    assert sign_up(address="198.51.100.1").status_code == 201


def test_the_bound_is_kept_in_redis_without_a_whole_address(monkeypatch, redis_client):
    sign_up(address="203.0.113.7")
    (key,) = redis_client.keys("*sign_up*")
    assert key.endswith(b"203.0.113.0/24")
    assert 0 < redis_client.ttl(key) <= 3600


@pytest.mark.parametrize(("proxies", "statuses"), [(0, [201, 429]), (1, [201, 429])])
def test_an_invented_forwarding_header_gets_nobody_past_the_bound(
    monkeypatch, settings, proxies, statuses
):
    """With a trusted proxy, what it has added last counts, and not what was there before."""
    monkeypatch.setattr(SignUpThrottle, "rate", "1/hour")
    settings.TRUSTED_PROXIES = proxies
    got = []
    for number in range(2):
        client = APIClient(REMOTE_ADDR="10.0.0.1")
        body = {"username": f"u{number}", "email": f"u{number}@example.com", "password": PASSWORD}
        chain = f"192.0.{number}.1, 203.0.113.7"
        got.append(client.post(URL, body, HTTP_X_FORWARDED_FOR=chain).status_code)
    assert got == statuses


def test_clients_behind_a_trusted_proxy_are_told_apart(monkeypatch, settings):
    monkeypatch.setattr(SignUpThrottle, "rate", "1/hour")
    settings.TRUSTED_PROXIES = 1
    for number in range(2):
        client = APIClient(REMOTE_ADDR="10.0.0.1")
        body = {"username": f"u{number}", "email": f"u{number}@example.com", "password": PASSWORD}
        made = client.post(URL, body, HTTP_X_FORWARDED_FOR=f"203.0.{number}.7")
        assert made.status_code == 201


def test_without_redis_people_still_sign_up(settings, tmp_path):
    location = f"unix://{tmp_path}/nobody.sock"
    default = settings.CACHES["default"] | {"LOCATION": location}
    settings.CACHES = settings.CACHES | {"default": default}
    assert sign_up().status_code == 201
