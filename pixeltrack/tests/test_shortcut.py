"""Requests that the web worker lets the application answer without ASGI."""

import json
from types import SimpleNamespace

import pytest
from uvicorn import Config

from pixeltrack.tests.test_worker import Loop, Transport
from pixeltrack.worker import Protocol, Worker
from tracking.page_views.reply import Reply

GET = b"GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /short HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
LONG_WAY = b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n"
ANSWER = (
    b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello"
)


class Application:
    """Answers `/short` when the test says so; `asked` are the bodies that came that way, `tasks`
    what came by ASGI."""

    def __init__(self):
        self.asked, self.pending, self.tasks = [], [], []

    async def __call__(self, scope, receive, send):
        pass

    def quick(self, method, url, headers, peer):
        return self.answer_to if url == b"/short" else None

    def answer_to(self, body, answer):
        self.asked.append(body)
        self.pending.append(answer)

    def answer(self, **more):
        headers = {"Content-Type": "text/plain", "Content-Length": "5"} | more
        reply = Reply(200, b"hello", headers)
        self.pending.pop(0)(lambda: reply)

    def fail(self):
        self.pending.pop(0)(failing)


def failing(*arguments):
    raise LookupError("of somebody")


class Wire(Transport):
    def __init__(self):
        self.written, self.closed = [], False

    def write(self, data):
        self.written.append(data)

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed or self.cut_off

    def resume_reading(self):
        pass


@pytest.fixture
def application():
    return Application()


@pytest.fixture
def connection(application):
    config = Config(app=application, **Worker.CONFIG_KWARGS | {"lifespan": "off"}, log_config=None)
    config.load()
    state = SimpleNamespace(
        connections=set(), tasks=set(), default_headers=[(b"date", b"today")], total_requests=0
    )
    loop = Loop()
    create_task = loop.create_task
    loop.create_task = lambda each: application.tasks.append(each) or create_task(each)
    protocol = Protocol(config, state, {}, loop)
    protocol.connection_made(Wire())
    return protocol


def test_it_is_answered_by_one_write_and_the_next_as_well(connection, application):
    for number in (1, 2):
        connection.data_received(GET)
        application.answer()
        assert connection.transport.written == [ANSWER] * number
    assert not connection.transport.closed
    assert application.tasks == []
    assert connection.server_state.total_requests == 2


def test_each_answer_has_the_date_of_its_second(connection, application):
    connection.data_received(GET)
    application.answer()
    connection.server_state.default_headers = [(b"date", b"tomorrow")]
    connection.data_received(GET)
    application.answer()
    assert connection.transport.written[1] == ANSWER.replace(b"today", b"tomorrow")


def test_it_may_come_byte_by_byte(connection, application):
    for byte in POST + b"abcd":
        connection.data_received(bytes([byte]))
    assert application.asked == [b"abcd"]


def test_it_has_its_body_whole(connection, application):
    connection.data_received(POST[:30])
    connection.data_received(POST[30:] + b"ab")
    assert application.asked == []
    connection.data_received(b"cd")
    assert application.asked == [b"abcd"]


def test_who_asks_more_meanwhile_is_answered_in_order(connection, application):
    connection.data_received(GET + LONG_WAY)
    assert application.tasks == []
    application.answer()
    assert connection.transport.written == [ANSWER]
    assert len(application.tasks) == 1


def test_it_does_not_get_ahead_of_what_was_asked_before(connection, application):
    connection.data_received(LONG_WAY + GET)
    assert len(application.tasks) == 1
    assert application.asked == []
    assert connection.transport.written == []


@pytest.mark.parametrize(
    "request_",
    [
        GET.replace(b"HTTP/1.1", b"HTTP/1.0"),
        GET.replace(b"Host", b"Connection: close\r\nHost"),
        GET.replace(b"Host", b"Connection: upgrade\r\nUpgrade: h2c\r\nHost"),
        POST.replace(b"Host", b"Expect: 100-continue\r\nHost"),
    ],
)
def test_what_is_not_simple_goes_the_long_way(connection, application, request_):
    connection.data_received(request_)
    assert len(application.tasks) == 1
    assert application.asked == []


def test_a_client_that_does_not_read_goes_the_long_way(connection, application):
    connection.pause_writing()
    connection.data_received(GET)
    assert application.asked == []


def test_a_server_that_ends_answers_it_and_closes(connection, application):
    connection.data_received(GET)
    connection.shutdown()
    assert not connection.transport.closed
    application.answer()
    [written] = connection.transport.written
    assert b"\r\nconnection: close\r\n" in written
    assert connection.transport.closed


def test_a_server_that_ends_hangs_up_where_nothing_is_asked(connection, application):
    connection.data_received(GET)
    application.answer()
    connection.shutdown()
    assert connection.transport.closed


def assert_told(connection, caplog, kind):
    """That its request has failed, in one answer; and the log, what it was."""
    [written] = connection.transport.written
    head, _, body = written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["code"] == "error"
    [record] = caplog.records
    assert record.exc_info[0] is kind
    connection.transport.written.clear()


def test_who_asks_is_answered_also_where_something_fails(connection, application, caplog):
    connection.data_received(GET + LONG_WAY)
    application.fail()
    assert_told(connection, caplog, LookupError)
    assert len(application.tasks) == 1


def test_it_may_fail_before_it_can_be_answered(connection, application, caplog, monkeypatch):
    monkeypatch.setattr(application, "answer_to", failing)
    connection.data_received(GET)
    assert_told(connection, caplog, LookupError)
    monkeypatch.undo()
    connection.data_received(GET)
    application.answer()
    assert connection.transport.written == [ANSWER]


def test_an_answer_that_can_not_be_sent_is_a_failure_too(connection, application, caplog):
    connection.data_received(GET)
    application.answer(Bad="a\r\nb")
    assert_told(connection, caplog, ValueError)


def test_it_hangs_up_where_an_answer_is_out_already(connection, application, monkeypatch):
    monkeypatch.setattr(connection, "on_response_complete", failing)
    connection.data_received(GET)
    application.answer()
    assert connection.transport.written == [ANSWER]
    assert connection.transport.closed


def test_who_has_gone_is_not_answered(connection, application):
    connection.data_received(GET)
    connection.transport.cut_off = True
    connection.connection_lost(OSError())
    application.answer()
    assert connection.transport.written == []


def test_its_answer_has_all_the_time_that_it_takes(connection, application):
    connection.data_received(GET)
    connection.loop.pass_by(1000)
    assert not connection.transport.cut_off
    application.answer()
    connection.loop.pass_by(70)
    assert not connection.transport.cut_off
    connection.loop.pass_by(10)  # idle for longer than a connection is kept
    assert connection.transport.closed
