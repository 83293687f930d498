"""The express lane of page views: `/track`, `/t.gif` and, where it is public, `/stats`."""

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import chain
from math import inf
from time import perf_counter

from django.conf import settings

from tracking.fallback import name_of
from tracking.metrics import Times
from tracking.outcome import Outcome
from tracking.page_views import answers
from tracking.page_views.answers import SECONDS, Request
from tracking.page_views.kept_answers import KeptAnswers
from tracking.page_views.reply import Refused, Reply
from tracking.page_views.statistics import STATS_PATH
from tracking.page_views.track import BODY_BYTES, GIF_PATH, TRACK_PATH, Sent
from tracking.reply import raw_headers

HEADERS = {
    b"content-type": "content_type",
    b"origin": "origin",
    b"x-request-id": "request_id",
}
QUICK_TRACK, QUICK_STATS = TRACK_PATH.encode(), STATS_PATH.encode()
QUICK_BYTES = 16 * 1024  # longer bodies may come in pieces that somebody has to ask for


class ClientGone(Exception):
    """It went away before its request was whole: nobody to answer, and nothing to take in."""


class ViewLane:
    """An ASGI application; what it does not answer itself it hands to Django.

    A body whose length is not told, or is too much, comes by way of `limited`, which counts.
    """

    def __init__(self, django, group_commit: Callable, limited: Callable):
        self._group_commit = group_commit
        self._others, self._long_ones = limited(django), limited(self.answer)
        self._most_bytes = min(BODY_BYTES, settings.API_MAX_BODY_BYTES)
        self._taking_in: set[asyncio.Future] = set()
        self._reading = asyncio.Lock()
        self._times = Times(SECONDS)
        self._kept: KeptAnswers | None = None  # made in the worker's own event loop
        self._ways = {TRACK_PATH: self.track, GIF_PATH: self.gif}
        if settings.STATS_PUBLIC:  # else it is Django that knows who asks
            self._ways[STATS_PATH] = self.stats

    async def __call__(self, scope, receive, send):
        if scope["path"] not in self._ways:
            await self._others(scope, receive, send)
        elif length_of_body(scope["headers"]) <= self._most_bytes:
            await self.answer(scope, receive, send)
        else:
            await self._long_ones(scope, receive, send)

    async def answer(self, scope, receive, send):
        try:
            reply = await self._ways[scope["path"]](request_of(scope), receive)
        except ClientGone:
            return
        await tell(reply, send)

    async def track(self, request: Request, receive) -> Reply:
        if refused := answers.before_body(request):
            return refused
        body = await body_of(receive)
        begun = perf_counter()  # not before: how long a client takes to send it is its affair
        sent = await self.read(request, body)
        return sent if isinstance(sent, Reply) else await self.take_in(request, sent, begun)

    async def read(self, request: Request, body: bytes) -> Sent | Reply:
        """Long bodies that are whole at the same time have a turn each, as lists have."""
        if len(body) <= QUICK_BYTES:
            return answers.read(request, body)
        async with self._reading:
            await asyncio.sleep(0)
            return answers.read(request, body)

    async def take_in(self, request: Request, sent: Sent, begun: float) -> Reply:
        if sent.is_list:
            outcomes = await self.collect_list(sent)
        else:
            outcomes = await self.collect(sent.rows)
        SECONDS.observe(perf_counter() - begun)
        return answers.to_track(request, sent, outcomes)

    async def collect_list(self, sent: Sent) -> list[Outcome]:
        """Lists are read one after the other and with pauses, in which pixels are answered."""
        collecting = []
        async with self._reading:
            for hits in sent.portions():
                collecting.append(asyncio.create_task(self.collect(hits)))
                await asyncio.sleep(0)
        return list(chain.from_iterable(await asyncio.gather(*collecting)))

    async def gif(self, request: Request, receive) -> Reply:
        begun = perf_counter()
        outcomes = await self.collect(answers.hits_of_gif(request))
        SECONDS.observe(perf_counter() - begun)
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
        return answers.to_stats(request.method, answer)

    # -- Without ASGI, see `pixeltrack.shortcut` ---------------------------------------------------
    def quick(self, method: bytes, url: bytes, headers):
        """What answers a page view, or asks for what is kept here; None for all else."""
        if method == b"POST":
            if url == QUICK_TRACK and length_of_body(headers) <= QUICK_BYTES:
                return partial(self._track_quickly, headers)
        elif method == b"GET" and self._kept and STATS_PATH in self._ways:
            path, _, query = url.partition(b"?")
            kept = self._kept.here(query) if path == QUICK_STATS else None
            if kept and not length_of_body(headers):
                return partial(tell_quickly, kept)
        return None

    def _track_quickly(self, headers, body: bytes, answer: Callable):
        begun = perf_counter()
        request = Request("POST", TRACK_PATH, b"", **known_headers(headers))
        sent = answers.read(request, body)
        if isinstance(sent, Reply):
            answer(lambda: sent)
        elif sent.is_list:
            taking_in = asyncio.ensure_future(self.take_in(request, sent, begun))
            self._taking_in.add(taking_in)  # else nothing holds it
            taking_in.add_done_callback(self._taking_in.discard)
            taking_in.add_done_callback(lambda done: answer(done.result))
        else:  # without a task of its own
            try:
                tell = partial(self._tell_of_one, answer, request, sent, begun)
                self._group_commit().take(sent.rows[0], tell)
            except Exception as error:
                lost = answers.lose_all(sent.rows, name_of(error))
                answer(answers.to_track, request, sent, lost)

    def _tell_of_one(self, answer, request: Request, sent: Sent, begun: float, outcome: Outcome):
        self._times.add(perf_counter() - begun)
        answer(answers.to_track, request, sent, [outcome])

    async def close(self):
        if self._kept:
            await self._kept.close()


def tell_quickly(kept: bytes, body: bytes, answer: Callable):
    answer(answers.to_stats, "GET", kept)


def request_of(scope) -> Request:
    known = known_headers(scope["headers"])
    return Request(scope["method"], scope["path"], scope["query_string"], **known)


def known_headers(headers) -> dict[str, str]:
    return {HEADERS[name]: value.decode("latin-1") for name, value in headers if name in HEADERS}


def length_of_body(headers) -> float:
    """In bytes, as it is told beforehand; endless where it isn't."""
    for name, value in headers:
        if name == b"transfer-encoding":
            return inf
        if name == b"content-length":
            return int(value)  # HTTP's parser has seen that it is one
    return 0


async def body_of(receive) -> bytes:
    """All of it."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def tell(reply: Reply, send):
    raw = raw_headers(tuple(reply.headers.items()))
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": reply.body})
