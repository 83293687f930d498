"""A team with a row of every kind, another team beside it, and everybody who may call."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.test import Client
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import Membership
from accounts.tests.people import make_member, make_user
from campaigns.models import Contact
from campaigns.tests.house import House
from tracking.models import Opening
from tracking.tests.opened import open_pixel

PASSWORD = "correct horse battery"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CANARY = "canary"  # in every name and address of the team; no stranger may read it
ELSEWHERE = "198.51.100.7"  # not this machine: /metrics and /readyz tell it apart


@dataclass
class Caller:
    """Somebody who sends requests: with a `user` in person, with headers alone by an API key.

    Each request is sent by a client of its own, so that none logs another out.
    """

    name: str
    role: str  # what to expect: anonymous, stranger, viewer, editor, manager, superuser
    headers: dict = field(default_factory=dict)
    user: object = None
    session: str = ""

    def ask(self, method: str, address: str, body=None, **headers):
        client = APIClient(raise_request_exception=False)
        headers = {"REMOTE_ADDR": ELSEWHERE} | headers
        if address.startswith("/api/"):
            headers |= self.headers
        elif self.user:  # pages know people by their session
            client.cookies["sessionid"] = self.session
        # No body at all is no JSON; REST framework would refuse it before it looks at who asks.
        text = "" if method in ("GET", "HEAD", "OPTIONS", "DELETE") else json.dumps(body or {})
        return client.generic(method, address, text, "application/json" if text else "", **headers)

    @property
    def authorization(self) -> dict:
        """The header as it is sent."""
        return {name.removeprefix("HTTP_"): value for name, value in self.headers.items()}

    def sign_in(self):
        client = Client()
        client.force_login(self.user)
        self.session = client.cookies["sessionid"].value


class World:
    """The team of `house`, and the one of `theirs` with the same rows, where nobody is in both."""

    def __init__(self):
        self.house, self.theirs = House(make_user(password=PASSWORD)), House()
        self.user, self.team = self.house.user, self.house.team
        self.campaign, self.group = self.house.campaign, self.house.group
        self.contact = self.house.contact
        self.rows = rows_of(self.house)
        self.their_rows = rows_of(self.theirs)
        self.mark_with_the_canary()
        self.people = {role: make_member(self.team, role) for role in Membership.Role.values}
        self.people["superuser"] = make_user(is_superuser=True, is_staff=True)
        self.people["stranger"] = self.theirs.user
        self.callers = [Caller("anonymous", "anonymous"), *self.holders_of_tokens()]
        for caller in self.callers:
            if caller.user:
                caller.sign_in()

    def holders_of_tokens(self):
        for role, user in self.people.items():
            token = AccessToken.for_user(user)
            yield Caller(role, role, {"HTTP_AUTHORIZATION": f"Bearer {token}"}, user)

    # A route that knows API keys too is asked by a holder of one for each role: yield
    # Caller(f"{role} key", role, {"HTTP_AUTHORIZATION": f"Api-Key {…}"}) beside the above.

    def caller(self, name: str) -> Caller:
        return next(caller for caller in self.callers if caller.name == name)

    def row(self, singular: str):
        """The team's "contact", "pixel", …; None if it has none of that kind."""
        return self.team if singular == "team" else self.rows.get(f"{singular}s")

    def belongings(self) -> list:
        """What is the other team's."""
        return [*self.their_rows.values(), self.theirs.team, self.theirs.user]

    def strangers_to_the_admin(self) -> list[Caller]:
        return [caller for caller in self.callers if caller.role != "superuser"]

    def mark_with_the_canary(self):
        self.campaign.name, self.group.name = f"{CANARY} campaign", f"{CANARY} group"
        self.campaign.save(update_fields=["name"])
        self.group.save(update_fields=["name"])
        Contact.objects.filter(pk=self.contact.pk).update(
            email=f"{CANARY}@example.com", name=f"{CANARY} name", external_id=f"{CANARY} id"
        )
        for row in (self.campaign, self.group, self.contact):
            row.refresh_from_db()

    def grow(self):
        """More rows of every kind: in the team, in its campaign, in its group, of its contact."""
        House(self.user)
        for number in range(4):
            group = self.campaign.groups.create(name=f"More {number} {Opening.objects.count()}")
            self.house.add_contact(group)
            contact = self.house.add_contact()
            open_pixel(contact.pixels.first(), NOON, f"Reader {contact.pk}")
            open_pixel(self.house.pixel, NOON, f"Another reader {contact.pk}")
        self.contact.add_pixels(4)
        for role in Membership.Role.values:
            make_member(self.team, role)


def rows_of(house: House) -> dict:
    """The row of each kind that addresses name. Its pixel has no openings, and can be deleted."""
    open_pixel(house.pixel, NOON)
    return {
        "campaigns": house.campaign,
        "groups": house.group,
        "contacts": house.contact,
        "pixels": house.contact.pixels.get(number=2),
        "openings": Opening.objects.get(pixel=house.pixel),
    }
