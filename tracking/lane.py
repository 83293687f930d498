"""The express lane: pixels answered before Django's request machinery."""

from tracking.collect import GroupCommit, count
from tracking.fallback import lose, name_of
from tracking.hit import PIXEL_PATH, Hit
from tracking.outcome import Outcome
from tracking.reply import GIF, HEADERS, NOT_ALLOWED_HEADERS, headers_after


def start_of(status: int, headers: dict[str, str]) -> dict:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


FOUND = start_of(200, HEADERS)
FOUND_AFTER = {outcome: start_of(200, headers_after(outcome)) for outcome in Outcome}
NOT_ALLOWED = start_of(405, NOT_ALLOWED_HEADERS)
GIF_BODY = {"type": "http.response.body", "body": GIF}
NO_BODY = {"type": "http.response.body", "body": b""}


class PixelLane:
    """An ASGI application that answers pixels itself and hands everything else to Django."""

    def __init__(self, django):
        self.django = django
        self.hits: GroupCommit | None = None  # made in the worker's own event loop

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif match := PIXEL_PATH.fullmatch(scope["path"]):
            await self.answer(scope, match["token"], send)
        else:
            await self.django(scope, receive, send)

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
        self.hits = self.hits or GroupCommit()
        try:
            return await self.hits.collect(Hit.from_scope(scope, token))
        except Exception as error:
            return count(*lose(1, name_of(error)))

    async def live(self, receive, send):
        """The server's word that the worker begins, and that it ends."""
        await receive()
        self.hits = GroupCommit()
        await self.hits.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.hits.close()
        await send({"type": "lifespan.shutdown.complete"})
