"""The express lane of page views: `/track`, `/t.gif` and, where it is public, `/stats`."""

from collections.abc import Callable

from django.conf import settings

from tracking.fallback import name_of
from tracking.page_views import answers
from tracking.page_views.answers import Request
from tracking.page_views.kept_answers import KeptAnswers
from tracking.page_views.reply import Refused, Reply
from tracking.page_views.statistics import STATS_PATH
from tracking.page_views.track import GIF_PATH, TRACK_PATH

HEADERS = {
    b"content-type": "content_type",
    b"origin": "origin",
    b"x-request-id": "request_id",
}


class ClientGone(Exception):
    """It went away before its request was whole: nobody to answer, and nothing to take in."""


class ViewLane:
    """An ASGI application; what it does not answer itself it hands to Django."""

    def __init__(self, django, group_commit: Callable):
        self.django, self._group_commit = django, group_commit
        self._kept: KeptAnswers | None = None  # made in the worker's own event loop
        self._ways = {TRACK_PATH: self.track, GIF_PATH: self.gif}
        if settings.STATS_PUBLIC:  # else it is Django that knows who asks
            self._ways[STATS_PATH] = self.stats

    async def __call__(self, scope, receive, send):
        if way := self._ways.get(scope["path"]):
            try:
                reply = await way(request_of(scope), receive)
            except ClientGone:
                return
            await tell(reply, send)
        else:
            await self.django(scope, receive, send)

    async def track(self, request: Request, receive) -> Reply:
        if refused := answers.before_body(request):
            return refused
        sent = answers.read(request, await body_of(receive))
        if isinstance(sent, Reply):
            return sent
        outcomes = await self.collect(sent.hits)
        return answers.to_track(request, sent, outcomes)

    async def gif(self, request: Request, receive) -> Reply:
        outcomes = await self.collect(answers.hits_of_gif(request))
        return answers.to_gif(request, outcomes)

    async def collect(self, hits):
        try:
            return await self._group_commit().collect_views(hits)
        except Exception as error:
            return answers.lose_all(hits, name_of(error))

    async def stats(self, request: Request, receive) -> Reply:
        question = answers.question(request)
        if isinstance(question, Reply):
            return question
        self._kept = self._kept or KeptAnswers()
        try:
            answer = await self._kept.answer(question)
        except Refused as refused:
            answer = refused
        return answers.to_stats(request, answer)

    async def close(self):
        if self._kept:
            await self._kept.close()


def request_of(scope) -> Request:
    known = {
        HEADERS[name]: value.decode("latin-1")
        for name, value in scope["headers"]
        if name in HEADERS
    }
    return Request(scope["method"], scope["path"], scope["query_string"], **known)


async def body_of(receive) -> bytes:
    """All of it. How long it may be, RequestLimits sees to."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def tell(reply: Reply, send):
    raw = [
        (name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": reply.body})
