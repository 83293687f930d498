"""A file is read while it is sent: what that means for the server, told by its own protocol."""

import asyncio

import pytest
from django.core.asgi import get_asgi_application
from django.db import connections

from campaigns.merge_file import MergeFile
from campaigns.tests.files import some_at_a_time
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 20


@pytest.fixture
def house(monkeypatch):
    some_at_a_time(monkeypatch, 1)
    house = House()
    for _ in range(ROWS - 1):
        house.add_contact()
    return house


@pytest.fixture
def read(monkeypatch) -> list:
    """The contacts that the file has read so far."""
    read, row = [], MergeFile.row
    monkeypatch.setattr(
        MergeFile, "row", lambda self, *of: (read.append(of[0].pk), row(self, *of))[1]
    )
    return read


def run(house, on_part, disconnect: asyncio.Event | None = None, form="csv") -> list[dict]:
    """Ask for the merge file of the house as a server would; all that was sent.

    `on_part(body)` is awaited for each part of the body.
    """
    sent = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/api/campaigns/{house.campaign.pk}/pixels.{form}",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"authorization", house.client._credentials["HTTP_AUTHORIZATION"].encode()),
        ],
    }

    async def serve():
        asked = False
        gone = disconnect or asyncio.Event()

        async def receive():
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request"}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if message.get("body"):
                await on_part(message["body"])

        await get_asgi_application()(scope, receive, send)

    asyncio.run(serve())
    return sent


def test_a_part_is_read_when_the_client_has_taken_the_one_before(house, read):
    seen = []

    async def look(body):
        await asyncio.sleep(0)
        seen.append(len(read))

    sent = run(house, look)
    assert sent[0]["status"] == 200
    assert not any(name.lower() == b"content-length" for name, _ in sent[0]["headers"])
    assert seen == list(range(1, ROWS + 1))
    assert sent[-1] == {"type": "http.response.body"}


def test_when_the_client_goes_nothing_more_is_read(house, read):
    gone = asyncio.Event()

    async def leave(body):
        gone.set()
        await asyncio.Event().wait()  # as a client does that takes nothing more

    run(house, leave, disconnect=gone)
    assert len(read) == 1


def test_when_the_client_goes_during_a_query_that_is_the_last(house, monkeypatch):
    gone, row, read, loops = asyncio.Event(), MergeFile.row, [], []

    async def note_loop(body):
        loops.append(asyncio.get_running_loop())

    def slow_row(self, *of):
        read.append(of[0].pk)
        if len(read) == 2:
            loops[0].call_soon_threadsafe(gone.set)
            for _ in range(20):  # turns of the loop, in which it hears of it
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loops[0]).result()
        return row(self, *of)

    monkeypatch.setattr(MergeFile, "row", slow_row)
    run(house, note_loop, disconnect=gone)
    assert len(read) == 2
    assert len(loops) == 1


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_error_midway_is_not_a_proper_end(house, monkeypatch, form):
    row, done = MergeFile.row, []

    def fail(self, contact, group):
        if len(done) == 3:
            raise ArithmeticError
        done.append(contact)
        return row(self, contact, group)

    async def nothing(body):
        pass

    monkeypatch.setattr(MergeFile, "row", fail)
    with pytest.raises(ArithmeticError):  # the server then breaks the connection off
        run(house, nothing, form=form)


def test_no_connection_to_the_database_waits_for_the_client(house, monkeypatch):
    row, used, waiting = MergeFile.row, [], []

    def note(self, *of):
        used.append(connections["default"])  # of the request's own thread
        assert used[-1].connection
        return row(self, *of)

    async def look(body):
        waiting.append(used[-1].connection)

    monkeypatch.setattr(MergeFile, "row", note)
    run(house, look)
    # The first part is read in the view, before the answer begins.
    assert waiting[1:] == [None] * (ROWS - 1)
    assert used[-1].connection is None
