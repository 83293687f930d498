"""A team with one row of each kind, for tests of the API."""

from itertools import count

from accounts.tests.people import client_of, make_user
from campaigns.models import Campaign, Contact

numbers = count(1)


class House:
    """A user, their own team, and in it a campaign with two groups and a contact."""

    def __init__(self, user=None, pixels=2):
        self.user = user or make_user()
        self.client = client_of(self.user)
        self.team = self.user.ensure_own_team()
        self.campaign = Campaign.objects.start(
            team=self.team,
            name=f"Campaign {next(numbers)}",
            pixels_per_contact=pixels,
            group_names=("A", "B"),
        )
        self.group, self.other_group = self.campaign.groups.order_by("pk")
        self.contact = self.add_contact()
        self.pixel = self.contact.pixels.get(number=1)

    def add_contact(self, group=None, **fields) -> Contact:
        fields.setdefault("email", f"contact{next(numbers)}@example.com")
        return Contact.objects.schedule(group=group or self.group, **fields)

    def addresses(self) -> dict[str, str]:
        """The address of each of its rows."""
        return {
            "campaigns": f"/api/campaigns/{self.campaign.pk}/",
            "groups": f"/api/groups/{self.group.pk}/",
            "contacts": f"/api/contacts/{self.contact.pk}/",
            "pixels": f"/api/pixels/{self.pixel.pk}/",
        }

    def bodies(self) -> dict[str, dict]:
        """What makes another row of each kind, beside the one that is there."""
        return {
            "campaigns": {"team": self.team.pk, "name": f"Campaign {next(numbers)}"},
            "groups": {"campaign": self.campaign.pk, "name": f"Group {next(numbers)}"},
            "contacts": {"group": self.group.pk, "email": f"new{next(numbers)}@example.com"},
            "pixels": {"contact": self.contact.pk},
        }
