"""The express lane: pixels and page views answered before Django's request machinery."""

import re
from functools import partial
from time import perf_counter

from campaigns.token import LENGTH
from tracking import verdict_data
from tracking.collect import count
from tracking.fallback import lose, name_of
from tracking.group_commit import GroupCommit
from tracking.hit import BODY_HEADERS, PIXEL_PATH, Hit, known_headers
from tracking.kinds import KINDS, NAMES
from tracking.metrics import COLLECT_SECONDS, Times
from tracking.outcome import Outcome
from tracking.page_views.hit import ViewHit
from tracking.page_views.lane import ViewLane
from tracking.page_views.reply import Reply
from tracking.reply import GIF, HEADERS, NOT_ALLOWED_HEADERS, headers_after, raw_headers


def start_of(status: int, headers: dict[str, str]) -> dict:
    raw = raw_headers(tuple(headers.items()))
    return {"type": "http.response.start", "status": status, "headers": raw}


FOUND = start_of(200, HEADERS)
FOUND_AFTER = {outcome: start_of(200, headers_after(outcome)) for outcome in Outcome}
QUICK_PIXEL = re.compile(rb"/p/([A-Za-z0-9_-]{%d})\.gif" % LENGTH)
QUICK_REPLIES = {outcome: Reply(200, GIF, headers_after(outcome)) for outcome in Outcome}
NOT_ALLOWED = start_of(405, NOT_ALLOWED_HEADERS)
SECONDS = COLLECT_SECONDS.labels(NAMES[Hit])
GIF_BODY = {"type": "http.response.body", "body": GIF}
NO_BODY = {"type": "http.response.body", "body": b""}


class ExpressLane:
    """An ASGI application that answers hits itself and hands everything else to Django.

    `limited` wraps an application in the limits of what a body may be. Pixels have none and don't
    pass through it.
    """

    def __init__(self, django, limited=lambda application: application):
        self._commits: dict[type, GroupCommit] = {}  # made in the worker's own event loop
        self._times = Times(SECONDS)
        self.views = ViewLane(django, partial(self.group_commit, ViewHit), limited)

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif match := PIXEL_PATH.fullmatch(scope["path"]):
            await self.answer(scope, match["token"], send)
        else:
            await self.views(scope, receive, send)

    # -- Without ASGI, see `pixeltrack.shortcut` ---------------------------------------------------
    def quick(self, method: bytes, url: bytes, headers, peer: str):
        if method != b"GET" or not (match := QUICK_PIXEL.fullmatch(url)):
            return self.views.quick(method, url, headers)
        known = known_headers(headers)
        if not BODY_HEADERS.isdisjoint(known):
            return None
        return partial(self._take_in, match[1].decode(), known, peer)

    def _take_in(self, token: str, headers: dict[str, str], peer: str, body: bytes, answer):
        begun = perf_counter()
        try:
            hit = Hit.read(token, headers, peer)
            if hit:
                tell = partial(self._tell, answer, begun)
                self.group_commit(Hit).take(hit, tell)
                return
            outcome = count(Outcome.UNKNOWN)
        except Exception as error:
            outcome = count(*lose(1, name_of(error)))
        self._tell(answer, begun, outcome)

    def _tell(self, answer, begun: float, outcome: Outcome):
        self._times.add(perf_counter() - begun)
        answer(QUICK_REPLIES.get, outcome)

    # -- By ASGI -----------------------------------------------------------------------------------

    async def answer(self, scope, token, send):
        if scope["method"] == "GET":
            start, body = FOUND_AFTER[await self.collect(scope, token)], GIF_BODY
        elif scope["method"] == "HEAD":
            start, body = FOUND, NO_BODY
        else:
            start, body = NOT_ALLOWED, NO_BODY
        await send(start)
        await send(body)

    async def collect(self, scope, token) -> Outcome:
        """A client gets its GIF whatever goes wrong here."""
        begun = perf_counter()
        try:
            outcome = await self.group_commit(Hit).collect(Hit.from_scope(scope, token))
        except Exception as error:
            outcome = count(*lose(1, name_of(error)))
        SECONDS.observe(perf_counter() - begun)
        return outcome

    def group_commit(self, kind: type) -> GroupCommit:
        """That of this worker for hits of this kind."""
        commit = self._commits.get(kind)
        if commit is None:
            commit = self._commits[kind] = GroupCommit()
        return commit

    async def live(self, receive, send):
        """The server's word that the worker begins, and that it ends."""
        await receive()
        verdict_data.watch()
        for kind in KINDS:
            await self.group_commit(kind).open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def close(self):
        """Finish what is in flight."""
        for commit in self._commits.values():
            await commit.close()
        await self.views.close()
