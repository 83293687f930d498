"""Who may do what, in one table: every route of the URL map, and who gets an answer from it.

`read` stands for GET, HEAD and OPTIONS. A method that a route doesn't name is answered with 405.

    public      everybody
    signed-in   whoever has a token, a key or a session; rows of other teams are not contained
    viewer      … with this role, or a higher one, in the team that the row belongs to; less: 403
    editor      … the same
    manager     … the same. In another team: 404 for an address with an id, else 400
    … or 404    a role below is told that there is no such row
    … in person  and not with a key: 403
    staff       who may enter the admin; everybody else is sent to log in, or finds nothing

A new route needs a line in ROUTES, and each POST of it a line in BODIES.
"""

import json
from uuid import uuid4

from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from campaigns.token import make_token
from pixeltrack.tests.routes import METHODS
from pixeltrack.tests.world import PASSWORD, World

READ = ("GET", "HEAD", "OPTIONS")
ANY = METHODS
COLLECTION = "read: signed-in · POST: editor"
ROW = "read: viewer · PUT PATCH: editor · DELETE: manager"
PAGE = "GET HEAD: public"
MACHINES = "any: public"  # a plain function, which answers every method alike

ROUTES = {
    # -- Pages -------------------------------------------------------------------------------
    "/": MACHINES,  # leads to the admin
    "/p/<token>.gif": PAGE,
    "/sample/<contact_id>/": "any: staff",
    "/docs": PAGE,
    "/redoc": PAGE,
    "/openapi.json": "read: public",
    "/favicon.ico": MACHINES,
    "/healthz": MACHINES,
    "/readyz": MACHINES,
    "/metrics": "any: staff",
    "/api-auth/login/": "read POST PUT: public",
    "/api-auth/logout/": "OPTIONS POST: public",
    # -- Tokens ------------------------------------------------------------------------------
    "/api/token/": "OPTIONS POST: public",
    "/api/token/refresh/": "OPTIONS POST: public",
    "/api/token/verify/": "OPTIONS POST: public",
    "/api/token/logout/": "OPTIONS POST: public",
    # -- Rows --------------------------------------------------------------------------------
    "/api/": "read: signed-in",
    "/api/campaigns/": COLLECTION,
    "/api/campaigns/<pk>/": ROW,
    "/api/campaigns/<pk>/statistics/": "read: viewer",
    "/api/groups/": COLLECTION,
    "/api/groups/<pk>/": ROW,
    "/api/contacts/": COLLECTION,
    "/api/contacts/<pk>/": ROW,
    "/api/pixels/": COLLECTION,
    "/api/pixels/<pk>/": ROW,
    "/api/openings/": "read: signed-in",
    "/api/openings/<pk>/": "read: viewer",
}

# What a manager of the world's team could send. A body names ids of that team, so that for a
# member of another team it names rows that aren't there.
BODIES = {
    "POST /api-auth/login/": lambda world: {},
    "POST /api-auth/logout/": lambda world: {},
    "POST /api/token/": lambda world: {"username": world.user.username, "password": PASSWORD},
    "POST /api/token/refresh/": lambda world: {"refresh": str(RefreshToken.for_user(world.user))},
    "POST /api/token/verify/": lambda world: {"token": str(AccessToken.for_user(world.user))},
    "POST /api/token/logout/": lambda world: {"refresh": str(RefreshToken.for_user(world.user))},
    "POST /api/campaigns/": lambda world: {"team": world.team.pk, "name": fresh("Campaign")},
    "POST /api/groups/": lambda world: {"campaign": world.campaign.pk, "name": fresh("Group")},
    "POST /api/contacts/": lambda world: {"group": world.group.pk, "email": fresh_address()},
    "POST /api/pixels/": lambda world: {"contact": world.contact.pk},
}

# Parameters of addresses that aren't the id of the row that the address begins with.
PARAMETERS = {
    "/p/<token>.gif": lambda world: {"token": make_token(world.house.pixel.uuid)},
    "/sample/<contact_id>/": lambda world: {"contact_id": world.contact.pk},
}


def fresh(what: str) -> str:
    return f"{what} {uuid4().hex[:12]}"


def fresh_address() -> str:
    return f"{uuid4().hex[:12]}@example.com"


class Unlisted(AssertionError):
    """Something is new, and the table doesn't know of it."""


def rules(address: str) -> dict[str, str]:
    """Method → who may use it, for each method that the route answers."""
    if address not in ROUTES:
        raise Unlisted(
            f"{address} is in the URL map, and nobody said who may use it: add a line to ROUTES "
            "in pixeltrack/tests/matrix.py, and one to BODIES for each POST."
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
    if "<pk>" in address and "pk" not in values:
        kind = address.split("/")[2]
        if kind not in world.rows:
            raise Unlisted(f"{address}: add a row of {kind} to World.rows in tests/world.py.")
        values = {"pk": world.rows[kind].pk} | values
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


class Asked:
    """One cell of the matrix: what came back, and whether that is what the table says."""

    def __init__(self, caller, method, address, world):
        self.caller, self.method, self.address = caller, method, address
        body = body_for(method, address, world)
        self.response = caller.ask(method, fill(address, world), body)
        self.content = b"".join(self.response)

    def __str__(self):
        return (
            f"{self.method} {self.address} as {self.caller.name}: {self.response.status_code}"
            f" {self.content[:300].decode(errors='replace')}"
        )

    @property
    def outcome(self) -> str | int:
        """ "yes", or the status of the refusal."""
        status = self.response.status_code
        if 300 <= status < 400 and is_login(self.response["Location"]):
            return "login"
        return "yes" if status < 400 else status

    def expected(self) -> tuple:
        """The outcomes that the table allows."""
        answered, role = rules(self.address), self.caller.role
        who = answered.get(self.method)
        if who is None:
            open_to_all = "public" in answered.values() or not self.address.startswith("/api/")
            return (405,) if open_to_all or role != "anonymous" else (401,)
        if who == "public":
            return ("yes",)
        if who == "staff":
            return ("yes",) if role == "superuser" else ("login", 404)
        if role == "anonymous":
            return (401,)
        rank, hidden, in_person = read_rule(who)
        if role == "superuser":
            return ("yes",)
        if in_person and not self.caller.user:
            return (403,)
        if rank == "signed-in":
            return ("yes",)
        if role == "stranger":
            return (404,) if "<" in self.address else (400,)
        if RANKS.index(role) >= RANKS.index(rank):
            return ("yes",)
        return (404,) if hidden else (403,)


RANKS = ("viewer", "editor", "manager")


def read_rule(who: str) -> tuple[str, bool, bool]:
    """ "manager or 404 in person" → the least role, hidden from those below, people only."""
    rank = who.removesuffix(" in person").removesuffix(" or 404")
    return rank, " or 404" in who, who.endswith(" in person")


def is_problem(response, content: bytes) -> bool:
    problem = response["Content-Type"] == "application/problem+json"
    return problem and (not content or json.loads(content)["status"] == response.status_code)
