"""People with roles, and their clients, for tests of the API."""

from itertools import count

from rest_framework.test import APIClient

from accounts.models import ApiKey, Membership, TokenFamily, User

numbers = count(1)


def make_user(**fields) -> User:
    """A user with a team of their own."""
    name = f"user{next(numbers)}"
    return User.objects.create_user(name, f"{name}@example.com", **fields)


def make_member(team, role) -> User:
    """Another user, with this role in the team."""
    user = make_user()
    Membership.objects.create(team=team, user=user, role=role)
    return user


def client_of(user) -> APIClient:
    """A client that sends the user's access token; an error on the server is its 500."""
    client = APIClient(raise_request_exception=False)
    token = TokenFamily.objects.start(user).access_token
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def make_key(team, role, **fields) -> ApiKey:
    """An API key with this role in the team; `.key` is the whole text of it."""
    return ApiKey.objects.issue(
        team=team, role=role, name=f"key {next(numbers)}", made_by="somebody", **fields
    )


def client_with(key: ApiKey | str) -> APIClient:
    """A client that sends the API key."""
    client = APIClient(raise_request_exception=False)
    text = key if isinstance(key, str) else key.key
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {text}")
    return client


def assert_problem(response, status: int, code: str, field=...):
    """The answer is problem details with this code, and with an error at this field."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem.keys() == {"type", "title", "status", "detail", "code", "errors"}
    assert problem["status"] == status
    if field is ...:
        assert problem["code"] == code
    else:
        assert {"field": field, "code": code} in [
            {"field": error["field"], "code": error["code"]} for error in problem["errors"]
        ]
