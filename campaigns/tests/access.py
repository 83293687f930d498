"""What the roles of a team allow, whoever has them: people and API keys."""

from accounts.models import Membership
from accounts.tests.people import assert_problem
from campaigns.models import Campaign, Contact, Group, Pixel

Role = Membership.Role
KINDS = ("campaigns", "groups", "contacts", "pixels")
READS = ("get", "head", "options")
WRITES = ("post", "put", "patch")
ALLOWED = {
    Role.VIEWER: READS,
    Role.EDITOR: READS + WRITES,
    Role.MANAGER: (*READS, *WRITES, "delete"),
}


def send(client, house, kind, method):
    """Do it to the house's own row: read, write as it is, add another, delete."""
    address = house.addresses()[kind]
    if method == "post":
        return client.post(f"/api/{kind}/", house.bodies()[kind])
    if method == "put":
        row = house.client.get(address).json()
        return client.put(address, {name: row[name] for name in row if row[name] is not None})
    return getattr(client, method)(address)


def counts():
    return [model.objects.count() for model in (Campaign, Group, Contact, Pixel)]


def assert_allows(role, client, house, kind):
    """The client with this role in the house's team may do what the role allows, and no more."""
    for method in ALLOWED[Role.MANAGER]:
        before = counts()
        response = send(client, house, kind, method)
        if method in ALLOWED[role]:
            assert response.status_code in (200, 201, 202, 204), (method, response.content)
        else:
            assert_problem(response, 403, "permission_denied")
            assert counts() == before
