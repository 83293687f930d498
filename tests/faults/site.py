"""The pages of one test, and what is counted of them."""

import secrets
from collections import defaultdict
from itertools import count
from uuid import uuid4

from tests.services import wait_until

QUESTIONS = count()


class Site:
    """Two pages that nobody else views."""

    def __init__(self, world):
        self._world = world
        self.pages = [secrets.token_hex(8) for _ in range(2)]

    def views(self, users: int) -> list[dict]:
        """One of each page by each of so many users."""
        return [
            {"page_id": page, "user_id": f"user {user}", "event_id": str(uuid4())}
            for page in self.pages
            for user in range(users)
        ]

    def recover(self):
        """Until the web process has noticed that Redis is well: page views have connections of
        their own, and those that a Redis before has closed fail once more."""
        self._world.recover()
        stray = {"page_id": secrets.token_hex(8), "user_id": "canary", "event_id": str(uuid4())}
        wait_until(lambda: self._world.send([stray]) == "stored", what="page views are stored")
        self._world.settle()

    def figures(self) -> dict[str, tuple[int, int]]:
        """Page → views, visitors, as they are now."""
        # A question that nobody asked before: no answer to it is kept anywhere.
        asked = {"after": f"{next(QUESTIONS)}-0"}
        answers = {
            page: self._world.stack.get("/stats", page_id=page, **asked) for page in self.pages
        }
        return {
            page: (answer["total_views"], answer["unique_visitors"])
            for page, answer in answers.items()
        }

    def expect(self, views: list[dict]):
        """Exactly these are counted, once each."""
        users = defaultdict(list)
        for view in views:
            users[view["page_id"]].append(view["user_id"])
        assert self.figures() == {
            page: (len(users[page]), len(set(users[page]))) for page in self.pages
        }
