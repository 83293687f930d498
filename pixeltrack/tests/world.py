"""A team with a row of every kind, another team beside it, and everybody who may call."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

from django.test import Client
from rest_framework.test import APIClient

from accounts.models import ApiKey, Invitation, Membership, Team, TokenFamily, User
from accounts.tests.people import make_key, make_member, make_user
from campaigns.models import (
    Campaign,
    Contact,
    ContactImport,
    ErasedAddress,
    Group,
    Removal,
    ReportedRow,
)
from campaigns.tests.house import House
from campaigns.tests.importing import send
from tracking.correct import delete_opening
from tracking.models import CampaignDecision, ErasedVisitor, Opening, OpeningChange
from tracking.tests.opened import open_pixel

PASSWORD = "correct horse battery"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ERASED = "erased@example.com"
numbers = count(100)
CANARY = "canary"  # in every name and address of the team; no stranger may read it


def fresh(what: str) -> str:
    return f"{what} {uuid4().hex[:12]}"


def fresh_address() -> str:
    return f"{uuid4().hex[:12]}@example.com"


def invite(team, address: str) -> Invitation:
    return Invitation.objects.invite(team=team, email=address, invited_by="somebody")


@dataclass
class Caller:
    """Somebody who sends requests: with a `user` in person, with headers alone by an API key.

    Each request begins without the cookies of those before it, so that none logs another out.
    """

    name: str
    role: str  # what to expect: anonymous, stranger, viewer, editor, manager, superuser
    headers: dict = field(default_factory=dict)
    user: object = None
    session: str = ""
    # Not this machine, which /metrics and /readyz tell apart; another network for each caller, as
    # only so many may sign up from one.
    place: str = field(default_factory=lambda: f"198.51.{next(numbers)}.7")
    # One for all requests: it loads the middleware with the first of them.
    client: APIClient = field(default_factory=lambda: APIClient(raise_request_exception=False))

    @property
    def is_key(self) -> bool:
        return not self.user and bool(self.headers)

    def ask(self, method: str, address: str, body=None, **headers):
        self.client.cookies.clear()
        headers = {"REMOTE_ADDR": self.place} | headers
        if address.startswith("/api/"):
            headers |= self.headers
        elif self.user:  # pages know people by their session
            self.client.cookies["sessionid"] = self.session
        # No body at all is no JSON; REST framework would refuse it before it looks at who asks.
        text = "" if method in ("GET", "HEAD", "OPTIONS", "DELETE") else json.dumps(body or {})
        kind = "application/json" if text else ""
        return self.client.generic(method, address, text, kind, **headers)

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
        self.invitation = invite(self.team, self.theirs.user.email)
        self.callers = [
            Caller("anonymous", "anonymous"), *self.holders_of_tokens(), *self.holders_of_keys()
        ]  # fmt: skip
        for caller in self.callers:
            if caller.user:
                caller.sign_in()

    def holders_of_tokens(self):
        for role, user in self.people.items():
            token = TokenFamily.objects.start(user).access_token
            yield Caller(role, role, {"HTTP_AUTHORIZATION": f"Bearer {token}"}, user)

    def holders_of_keys(self):
        """A key for each role; and for the stranger, one of a manager in the other team."""
        teams = dict.fromkeys(Membership.Role.values, self.team) | {"stranger": self.theirs.team}
        for role, team in teams.items():
            key = make_key(team, Membership.Role.MANAGER if role == "stranger" else role)
            yield Caller(f"{role} key", role, {"HTTP_AUTHORIZATION": f"Api-Key {key.key}"})

    def caller(self, name: str) -> Caller:
        return next(caller for caller in self.callers if caller.name == name)

    def row(self, singular: str):
        """The team's "contact", "pixel", …; None if it has none of that kind."""
        return self.rows.get(f"{singular}s")

    def belongings(self) -> list:
        """What is the other team's."""
        return [*self.their_rows.values(), self.theirs.user]

    def callers_of(self, address: str) -> list[Caller]:
        """Pages know no keys."""
        if address.startswith("/api/"):
            return self.callers
        return [caller for caller in self.callers if not caller.is_key]

    def strangers_to_the_admin(self) -> list[Caller]:
        return [caller for caller in self.callers_of("/admin/") if caller.role != "superuser"]

    def mark_with_the_canary(self):
        address = f"{CANARY}@example.com"
        named = {"name": f"{CANARY} name"}
        values = {
            Team: named,
            Campaign: named,
            Group: named,
            Contact: named | {"email": address, "external_id": f"{CANARY} id"},
            Removal: named,
            ContactImport: named | {"problem": CANARY, "created_by": CANARY},
            ApiKey: named,
            Invitation: {"email": address},
            OpeningChange: {"by": CANARY},
        }
        for row in self.rows.values():
            if type(row) in values:
                type(row).objects.filter(pk=row.pk).update(**values[type(row)])
                row.refresh_from_db()
        User.objects.filter(pk=self.rows["memberships"].user_id).update(email=address)
        self.rows["imports"].reported_rows.update(value=CANARY, row=[CANARY])

    def grow(self):
        """More rows of every kind: in the team, in its campaign, in its group, of its contact."""
        House(self.user)
        for _ in range(4):
            group = self.campaign.groups.create(name=fresh("More"))
            self.house.add_contact(group)
            contact = self.house.add_contact()
            open_pixel(contact.pixels.first(), NOON, f"Reader {contact.pk}")
            open_pixel(self.house.pixel, NOON, f"Another reader {contact.pk}")
            leave_traces(self.house)
            report_a_row(self.rows["imports"])
            Team.objects.start(name=fresh("Team"), manager=self.people["manager"])
        self.contact.add_pixels(4)


def leave_traces(house: House, erased=None):
    """What comes of deleting, deciding and erasing: a removal, an opening change, a decision, an
    erased address."""
    contact = house.add_contact()
    open_pixel(contact.pixels.first(), NOON)
    delete_opening(Opening.objects.get(contact=contact).pk, by=house.user.username)
    house.campaign.groups.create(name=fresh("Removed")).remove(by=house.user.username)
    figures = {"as_of": NOON.isoformat(), "groups": []}
    CampaignDecision.objects.note(CANARY, house.campaign, house.group, figures, CANARY)
    ErasedAddress.objects.remember(house.team.pk, erased or fresh_address())
    ErasedVisitor.objects.remember(fresh("visitor"))
    report_a_row(try_out(house))
    make_member(house.team, Membership.Role.VIEWER)
    make_key(house.team, Membership.Role.VIEWER)
    invite(house.team, fresh_address())


def try_out(house: House) -> ContactImport:
    """A dry run that is done: it can be deleted as it is, and run for real."""
    job = send(house.campaign, "email\n", dry_run=True)
    ContactImport.objects.filter(pk=job.pk).update(state=ContactImport.State.DONE)
    return job


def report_a_row(job: ContactImport) -> ReportedRow:
    line = job.reported_rows.count() + 2
    return job.reported_rows.create(line=line, rejected=True, code="invalid", row=["x"])


def rows_of(house: House) -> dict:
    """The row of each kind that addresses name. Its pixel has no openings, and can be deleted;
    its member is none of the callers, who could leave."""
    open_pixel(house.pixel, NOON)
    leave_traces(house, ERASED)
    return {
        "teams": house.team,
        "memberships": Membership.objects.filter(team=house.team).latest("pk"),
        "invitations": Invitation.objects.get(team=house.team),
        "api-keys": ApiKey.objects.get(team=house.team),
        "campaigns": house.campaign,
        "groups": house.group,
        "contacts": house.contact,
        "pixels": house.contact.pixels.get(number=2),
        "openings": Opening.objects.get(pixel=house.pixel),
        "opening-changes": OpeningChange.objects.get(group=house.group),
        "erased-addresses": ErasedAddress.objects.get(team=house.team),
        "erased-visitors": ErasedVisitor.objects.latest("pk"),
        "removals": Removal.objects.get(team=house.team),
        "imports": ContactImport.objects.get(campaign=house.campaign),
    }
