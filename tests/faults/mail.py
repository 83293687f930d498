"""A campaign of one test: hits of its pixels are (pixel, User-Agent)."""

import secrets
from itertools import product

Hit = tuple[dict, str]


class Mail:
    """A new campaign; `pixels` per contact, up to 10."""

    def __init__(self, stack, contacts=1, pixels=1, **fields):
        self._stack = stack
        fields |= {"name": secrets.token_hex(8), "pixels_per_contact": pixels}
        campaign = stack.post("/api/campaigns/", fields)
        self.campaign = campaign["id"]
        [group] = stack.all("/api/groups/", campaign=self.campaign)
        self.group = group["id"]
        addresses = [f"contact-{number}@example.com" for number in range(contacts)]
        rows = [{"group": self.group, "email": address} for address in addresses]
        stack.post("/api/contacts/bulk/", {"contacts": rows})
        self.pixels = stack.all("/api/pixels/", campaign=self.campaign)
        assert len(self.pixels) == contacts * pixels

    def hits(self, readers: int, prefix="reader") -> list[Hit]:
        """One of each pixel by each of so many readers."""
        return list(product(self.pixels, [f"{prefix} {number}" for number in range(readers)]))

    def openings(self) -> list[dict]:
        return self._stack.openings(campaign=self.campaign)

    def expect(self, hits: list[Hit]):
        """Exactly these are counted, once each, wherever openings are counted."""
        openings = self.openings()
        found = sorted((opening["pixel"], opening["user_agent"]) for opening in openings)
        assert found == sorted((pixel["id"], reader) for pixel, reader in hits)
        readers = {(pixel["contact"], reader) for pixel, reader in hits}
        assert sum(opening["begins_mail_open"] for opening in openings) == len(readers)
        statistics = self._stack.get(f"/api/campaigns/{self.campaign}/statistics/")
        assert statistics["openings"]["total"] == len(hits)
        assert statistics["mail_opens"]["total"] == len(readers)
        assert statistics["opened_contacts"]["any"] == len({contact for contact, _ in readers})
