"""What the table of routes means for one request: who may send it, with which body, and what comes
back. See table.py.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import TokenFamily
from campaigns.models import Campaign, ContactImport
from campaigns.tests.removed import finish_removals
from campaigns.token import make_token
from pixeltrack.tests.table import ANY, READ, ROUTES, VERBS
from pixeltrack.tests.world import NOON, PASSWORD, World, fresh, fresh_address, invite

# What a manager of the world's team could send. A body names ids of that team, so that for a
# member of another team it names rows that aren't there.
BODIES = {
    "POST /track": lambda world: {"page_id": "home", "user_id": fresh("visitor")},
    "POST /csp-report": lambda world: {
        "csp-report": {"document-uri": "/admin/", "effective-directive": "img-src"}
    },
    "POST /api-auth/login/": lambda world: {},
    "POST /api-auth/logout/": lambda world: {},
    "POST /api/token/": lambda world: {"username": world.user.username, "password": PASSWORD},
    "POST /api/token/refresh/": lambda world: {"refresh": str(login(world))},
    "POST /api/token/verify/": lambda world: {"token": str(login(world).access_token)},
    "POST /api/token/logout/": lambda world: {"refresh": str(login(world))},
    "POST /api/campaigns/": lambda world: {"team": world.team.pk, "name": fresh("Campaign")},
    "POST /api/campaigns/<id>/decide/": lambda world: {"group": world.group.pk},
    "POST /api/groups/": lambda world: {"campaign": world.campaign.pk, "name": fresh("Group")},
    "POST /api/contacts/": lambda world: {"group": world.group.pk, "email": fresh_address()},
    "POST /api/contacts/bulk/": lambda world: {
        "contacts": [{"group": world.group.pk, "email": fresh_address()} for _ in range(2)]
    },
    "POST /api/contacts/<pk>/erase/": lambda world: {},
    "POST /api/contacts/<pk>/render/": lambda world: {"html": "<html><body></body></html>"},
    "POST /api/pixels/": lambda world: {"contact": world.contact.pk},
    "POST /api/openings/": lambda world: opening(world),
    "POST /api/openings/bulk/": lambda world: {"openings": [opening(world), opening(world, 2)]},
    "PUT /api/openings/<pk>/": lambda world: {
        "opened_at": (NOON + timedelta(hours=2)).isoformat(),
        "verdict": "machine",
    },
    "POST /api/imports/": lambda world: {
        "campaign": world.campaign.pk,
        "group": world.group.pk,
        "contacts": [{"email": fresh_address(), "city": "Paris"}],
    },
    **{f"POST /api/imports/<pk>/{verb}/": lambda world: {} for verb in VERBS},
    "POST /api/erased-visitors/": lambda world: {"user_id": fresh("visitor")},
    "POST /api/sign-up/": lambda world: sign_up(world),
    "POST /api/teams/": lambda world: {"name": fresh("Team")},
    "POST /api/invitations/": lambda world: {"team": world.team.pk, "email": fresh_address()},
    "POST /api/invitations/accept/": lambda world: {"token": world.invitation.token},
    "POST /api/api-keys/": lambda world: {"team": world.team.pk, "name": fresh("Key")},
}

# Where a manager of the team is not the one who may.
SENDERS = {
    "POST /api/invitations/accept/": "stranger",
    "POST /api/erased-visitors/": "superuser",
}


def leave_no_campaigns(world: World):
    """A team can be deleted that is nobody's own and has no campaigns."""
    finish_removals()
    Campaign.everything.filter(team=world.team).update(team=world.theirs.team)
    type(world.team).objects.filter(pk=world.team.pk).update(owner=None)


def import_is(state: str):
    def change(world: World):
        ContactImport.objects.filter(pk=world.rows["imports"].pk).update(state=state)

    return change


# What must have come before, so that a manager's request can be answered.
BEFORE = {
    "DELETE /api/teams/<pk>/": leave_no_campaigns,
    **{f"POST /api/imports/<pk>/{verb}/": import_is(state) for verb, state in VERBS.items()},
}

# Parameters of addresses that aren't the id of the row that the address begins with.
PARAMETERS = {
    "/p/<token>.gif": lambda world: {"token": make_token(world.house.pixel.uuid)},
    "/sample/<contact_id>/": lambda world: {"contact_id": world.contact.pk},
}


def login(world: World):
    """The refresh token of a login that nothing has used yet."""
    return TokenFamily.objects.start(world.user)


def opening(world: World, days=1) -> dict:
    at = NOON + timedelta(days=days)
    pixel = world.rows["pixels"].pk
    return {"event_id": str(uuid4()), "pixel": pixel, "opened_at": at.isoformat()}


def sign_up(world: World) -> dict:
    """Somebody new, whom the team has invited."""
    address = fresh_address()
    token = invite(world.team, address).token
    names = {"username": address.partition("@")[0], "email": address}
    return names | {"password": PASSWORD, "invitation": token}


class Unlisted(AssertionError):
    """Something is new, and the table doesn't know of it."""


def rules(address: str) -> dict[str, str]:
    """Method → who may use it, for each method that the route answers."""
    if address not in ROUTES:
        raise Unlisted(
            f"{address} is in the URL map, and nobody said who may use it: add a line to ROUTES "
            "in pixeltrack/tests/table.py, and one to BODIES in matrix.py for each POST."
        )
    answered = {}
    for part in ROUTES[address].split(" · "):
        names, _, who = part.partition(": ")
        for name in names.split():
            methods = {"read": READ, "any": ANY}.get(name, (name,))
            answered |= dict.fromkeys(methods, who)
    return answered


def fill(address: str, world: World, **others) -> str:
    """The address with the ids of the world's rows in it."""
    values = PARAMETERS[address](world) if address in PARAMETERS else {}
    if address.startswith("/api/") and "<" in address and not values:
        kind = kind_of(address)
        if kind not in world.rows:
            raise Unlisted(f"{address}: add a row of {kind} to World.rows in tests/world.py.")
        values = dict.fromkeys(("pk", "id"), world.rows[kind].pk)
    for name, value in (values | others).items():
        address = address.replace(f"<{name}>", str(value))
    if "<" in address:
        raise Unlisted(f"{address}: say in PARAMETERS of tests/matrix.py what to put there.")
    return address


def body_for(method: str, address: str, world: World):
    """A body that the route accepts from a manager. PUT sends the row back as it is."""
    if f"{method} {address}" in BODIES:
        return BODIES[f"{method} {address}"](world)
    if method == "POST" and "POST" in rules(address) and address.startswith("/api"):
        raise Unlisted(f"POST {address}: add a line to BODIES in pixeltrack/tests/matrix.py.")
    if method == "PUT" and "PUT" in rules(address) and address.startswith("/api/"):
        row = world.caller("manager").ask("GET", fill(address, world)).json()
        return {name: value for name, value in row.items() if value is not None}
    return {}


def is_login(location: str) -> bool:
    return "/login/" in location


@dataclass(frozen=True)
class Rule:
    """What the table says of one method of a route."""

    rank: str  # the least role
    hidden: bool  # from the roles below
    in_person: bool  # and not with a key
    by_row: bool  # whoever may not has an error in the place of each row

    @classmethod
    def read(cls, who: str) -> "Rule":
        """ "manager or 404 in person" """
        rank, *_ = who.split()
        return cls(rank, " or 404" in who, who.endswith(" in person"), who.endswith(" by row"))

    def allows(self, role: str) -> bool:
        """Whether the role is enough, whoever has it."""
        if role == "superuser":
            return self.rank != "invited"
        if self.rank == "permitted":
            return False
        if self.rank == "invited":
            return role == "stranger"
        return self.rank == "signed-in" or RANKS.index(role) >= RANKS.index(self.rank)


def kind_of(address: str) -> str:
    """ "campaigns" for /api/campaigns/<pk>/groups/."""
    return address.split("/")[2]


# Kinds of rows that keys don't write: they hear it before they hear that there is no such method.
FOR_PEOPLE = {kind_of(address) for address, who in ROUTES.items() if " in person" in who}
RANKS = ("stranger", "viewer", "editor", "manager")


class Asked:
    """One cell of the matrix: what came back, and whether that is what the table says."""

    def __init__(self, caller, method, address, world):
        self.caller, self.method, self.address = caller, method, address
        self.who = rules(address).get(method)
        body = body_for(method, address, world)
        BEFORE.get(f"{method} {address}", lambda world: None)(world)
        with CaptureQueriesContext(connection) as self.queries:
            self.response = caller.ask(method, fill(address, world), body)
            self.content = b"".join(self.response)

    def __str__(self):
        return (
            f"{self.method} {self.address} as {self.caller.name}: {self.response.status_code}"
            f" {self.content[:300].decode(errors='replace')}"
        )

    @property
    def outcome(self) -> str | int:
        """ "yes", "rows" where each row of the body is refused, or the status of the refusal."""
        status = self.response.status_code
        if 300 <= status < 400 and is_login(self.response["Location"]):
            return "login"
        if status < 400 and self.who and self.who.endswith(" by row"):
            return self.outcome_by_row()
        return "yes" if status < 400 else status

    def outcome_by_row(self) -> str:
        """Neither of the two where some rows are taken in and some are not."""
        results = json.loads(self.content)["results"]
        errors = [row["error"]["code"] for row in results if "error" in row]
        if not errors and results:
            return "yes"
        foreign = "does_not_exist" if self.caller.role == "stranger" else "permission_denied"
        return "rows" if errors == [foreign] * len(results) else "mixed"

    def expected(self) -> tuple:
        """The outcomes that the table allows."""
        role = self.caller.role
        if self.who is None:
            return (self.unanswered(),)
        if self.who == "public":
            return ("yes",)
        if self.who == "staff":
            return ("yes",) if role == "superuser" else ("login", 404)
        return (401,) if role == "anonymous" else (self.expected_of(Rule.read(self.who)),)

    def unanswered(self) -> int:
        """What a method is answered with that the route doesn't name."""
        answered = rules(self.address).values()
        if "public" in answered or not self.address.startswith("/api/"):
            return 405
        if self.caller.role == "anonymous":
            return 401
        beyond = self.caller.is_key and self.method not in READ
        return 403 if beyond and kind_of(self.address) in FOR_PEOPLE else 405

    def expected_of(self, rule: Rule) -> str | int:
        """What somebody is answered who has signed in, or has a key."""
        role = self.caller.role
        if rule.in_person and self.caller.is_key:
            return 403
        if rule.allows(role):
            return "yes"
        if rule.by_row:
            return "rows"
        if rule.rank == "invited":
            return 404
        if rule.rank == "permitted":
            return 403
        if role == "stranger":
            return 404 if "<" in self.address else 400
        return 404 if rule.hidden else 403


def is_problem(response, content: bytes) -> bool:
    problem = response["Content-Type"] == "application/problem+json"
    return problem and (not content or json.loads(content)["status"] == response.status_code)
