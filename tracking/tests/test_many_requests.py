"""`send_multiple_tracks` and `read_multiple_tracks`, against a server that does as it is told."""

import json
import os
import re
import signal
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from threading import Barrier, Event, Lock, Thread

import pytest
from django.core.management import CommandError, call_command

from tracking.management.many_requests import ResponseTimes
from tracking.management.sender import Answer, Request, Sender
from tracking.page_views.track import Arrival, read_body

COMMANDS = ["send_multiple_tracks", "read_multiple_tracks"]
SUMMARY = re.compile(
    r"(\d+) requests, (\d+) errors: average ([\d.]+) ms, p50 ([\d.]+) ms, p99 ([\d.]+) ms; "
    r"[\d.]+ requests/s"
)


class Server(ThreadingHTTPServer):
    """Remembers what was asked; `answer(number)` is the status of its reply, None for none."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.asked, self.connections = Lock(), [], 0
        self.answer = lambda number: 200
        self.hangs_up, self.hung_up = False, Event()  # after each reply

    def shutdown_request(self, request):
        super().shutdown_request(request)
        self.hung_up.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.is_new = True

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.asked.append((self.command, self.path, self.headers, body))
            self.server.connections += self.is_new
            self.is_new, number = False, len(self.server.asked)
        status = self.server.answer(number)
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.close_connection = self.server.hangs_up  # without a word of it

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        Thread(target=partial(server.serve_forever, poll_interval=0.01)).start()
        yield server
        server.shutdown()


def run(command: str, server, **options) -> str:
    out = StringIO()
    call_command(command, url=server.url, stdout=out, **options)
    return out.getvalue()


def test_it_sends_views_that_we_take(server):
    run("send_multiple_tracks", server, count=40, quiet=True)
    assert len(server.asked) == 40
    views = []
    for method, path, headers, body in server.asked:
        assert (method, path) == ("POST", "/track")
        views += read_body(body, headers["Content-Type"], Arrival.now("")).read()
    assert len({view.page_id for view in views}) > 1
    assert len({view.user_id for view in views}) > 1
    assert json.loads(server.asked[0][3]).keys() == {"page_id", "user_id"}


def test_it_reads_the_figures(server):
    run("read_multiple_tracks", server, count=3, quiet=True)
    assert [asked[:2] for asked in server.asked] == [("GET", "/stats")] * 3


@pytest.mark.parametrize("command", COMMANDS)
def test_it_logs_each_response_time_and_sums_up(server, command):
    *lines, summary = run(command, server, count=5).splitlines()
    assert [re.sub(r"\d+\.\d\d ms", "_", line) for line in lines] == [
        f"{number}: _" for number in range(1, 6)
    ]
    count, errors, average, p50, p99 = map(float, SUMMARY.fullmatch(summary).groups())
    times = sorted(float(line.split()[1]) for line in lines)
    assert (count, errors) == (5, 0)
    assert average == pytest.approx(sum(times) / 5, abs=0.011)
    assert (p50, p99) == (times[2], times[4])


def test_it_logs_no_lines_if_asked_to_be_quiet(server):
    assert SUMMARY.fullmatch(run("read_multiple_tracks", server, count=5, quiet=True).strip())


def test_one_after_the_other_they_share_one_connection(server):
    run("send_multiple_tracks", server, count=10, quiet=True)
    assert server.connections == 1


def test_as_many_as_asked_are_in_flight_at_once(server):
    together = Barrier(4)  # nobody is answered before there are four

    def answer(number):
        together.wait(30)
        return 202

    server.answer = answer
    assert "12 requests, 0 errors" in run("send_multiple_tracks", server, count=12, concurrency=4)
    assert server.connections == 4


def test_errors_are_counted_by_kind_and_end_it_with_status_1(server):
    answers = {2: 503, 3: None, 5: 503, 6: 404}
    server.answer = lambda number: answers.get(number, 200)
    out = StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("read_multiple_tracks", url=server.url, count=8, stdout=out)
    assert failed.value.returncode == 1
    kinds = "answered 503 (2), RemoteDisconnected (1), answered 404 (1)"
    assert str(failed.value) == f"Not every request was taken: {kinds}."
    *lines, summary = out.getvalue().splitlines()
    assert lines[1].endswith(" ms answered 503")
    assert summary.startswith("8 requests, 4 errors: average ")


def test_where_nothing_was_taken_it_tells_no_times(server):
    server.answer = lambda number: 500
    out = StringIO()
    with pytest.raises(CommandError, match=r"answered 500 \(2\)"):
        call_command("send_multiple_tracks", url=server.url, count=2, stdout=out, quiet=True)
    assert out.getvalue() == "2 requests, 2 errors\n"


def test_a_connection_that_the_server_has_dropped_is_no_error(server):
    """As after its keep-alive time: nothing was sent on it that could be lost."""
    server.hangs_up, answers = True, []

    def requests():
        for number in range(3):
            assert number == 0 or server.hung_up.wait(30)
            server.hung_up.clear()
            yield Request("GET", "/stats")

    Sender(server.url, 1).send(requests(), answers.append)
    assert [answer.error for answer in answers] == ["", "", ""]
    assert server.connections == 3


@pytest.fixture
def heeds_ctrl_c():
    """As in a terminal. What a shell starts in the background ignores it from the beginning."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_a_ctrl_c_ends_it_with_what_was_measured_so_far(server):
    def answer(number):
        if number == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return 202

    server.answer = answer
    *lines, said, summary = run("send_multiple_tracks", server, count=1_000_000).splitlines()
    assert said == "Stopped."
    assert 3 <= len(lines) == len(server.asked) < 1_000_000
    assert summary.startswith(f"{len(lines)} requests, 0 errors: average ")


@pytest.mark.parametrize("command", COMMANDS)
def test_it_says_what_to_do_where_no_server_answers(command):
    with pytest.raises(CommandError, match="make run"):
        call_command(command, url="http://127.0.0.1:1")


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8000",
        "ftp://127.0.0.1",
        "http://",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://somebody@127.0.0.1",
        "http://127.0.0.1/?page",
        "",
    ],
)
def test_it_refuses_what_is_no_address(url):
    with pytest.raises(CommandError, match="is no address of a server"):
        call_command("read_multiple_tracks", url=url)


@pytest.mark.parametrize("url", ["http://no such host", "http://" + "long" * 20, "http://a..b"])
def test_a_name_that_is_none_is_nobody_who_answers(url):
    with pytest.raises(CommandError, match="No server answers at"):
        call_command("read_multiple_tracks", url=url)


@pytest.mark.parametrize("option", ["count", "concurrency"])
def test_it_refuses_a_number_that_is_not_above_0(option):
    with pytest.raises(CommandError, match="above 0"):
        call_command("send_multiple_tracks", **{option: 0})


def test_a_percentile_is_a_time_that_was_measured():
    times = ResponseTimes()
    for number in range(200, 0, -1):
        times.add(Answer(number, seconds=number / 1000))
    assert times.percentile(50) == 0.1
    assert times.percentile(99) == 0.198
    times.elapsed = 2
    assert times.summary() == (
        "200 requests, 0 errors: average 100.50 ms, p50 100.00 ms, p99 198.00 ms; 100.0 requests/s"
    )
