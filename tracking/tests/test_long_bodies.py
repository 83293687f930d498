"""Long bodies of `POST /track`: whoever else asks is not kept waiting while they are read."""

import asyncio
import json
from itertools import pairwise

from tracking.page_views import track as reading
from tracking.tests.applications import APPLICATIONS, ask_by_asgi, ask_by_shortcut, scope_of

JSON = "application/json"
VIEW = {"page_id": "home", "user_id": "user123"}


def test_while_long_lists_are_read_others_have_their_turns(redis_client, monkeypatch):
    views, turns, read = [], [], reading.read_view
    monkeypatch.setattr(reading, "read_view", lambda *view: views.append(view) or read(*view))

    async def take_turns():
        while len(views) < 1300:
            turns.append(len(views))
            await asyncio.sleep(0)

    async def send_lists():
        lane, others = APPLICATIONS["lane"](), asyncio.create_task(take_turns())
        scope = scope_of("POST", "/track", [("Content-Type", JSON)])
        bodies = [json.dumps([VIEW] * count).encode() for count in (1000, 300)]
        replies = await asyncio.gather(
            ask_by_asgi(lane, scope, bodies[0]), ask_by_shortcut(lane, scope, bodies[1])
        )
        await others
        await lane.close()
        return replies

    replies = asyncio.run(send_lists())
    assert [len(json.loads(body)["results"]) for _, _, body in replies] == [1000, 300]
    at_once = [later - before for before, later in pairwise([*turns, len(views)])]
    assert sum(at_once) == 1300
    assert max(at_once) == 100


def test_long_bodies_are_parsed_in_a_turn_each(redis_client, monkeypatch):
    turn, parsed, parse = [0], [], reading.parse
    monkeypatch.setattr(reading, "parse", lambda *body: parsed.append(turn[0]) or parse(*body))

    async def take_turns():
        while len(parsed) < 4:
            turn[0] += 1
            await asyncio.sleep(0)

    async def send_bodies():
        lane, others = APPLICATIONS["lane"](), asyncio.create_task(take_turns())
        scope = scope_of("POST", "/track", [("Content-Type", JSON)])
        body = json.dumps([VIEW] * 400).encode()
        await asyncio.gather(*(ask_by_asgi(lane, scope, body) for _ in range(4)))
        await others
        await lane.close()

    asyncio.run(send_bodies())
    assert len(set(parsed)) == 4
