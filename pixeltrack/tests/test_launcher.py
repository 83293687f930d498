"""Everything on one machine: how it starts, how it ends, and what it says."""

import os
import signal
import socket
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis import Redis, RedisError

from pixeltrack.tests.launched import STAND_IN, Launch
from pixeltrack.tests.surroundings import wait_until


def nothing_is_left_of(one: Launch) -> bool:
    return not one.processes()


# -- Ending as asked -----------------------------------------------------------------------------
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_when_it_is_asked_to_and_leaves_no_process(launch, signum):
    one = launch().until_it_runs()
    assert len(one.processes()) == 4
    assert one.send(signum).status() == 0
    assert one.last_line == "PixelTrack stopped."
    assert "Traceback" not in one.text
    assert nothing_is_left_of(one)


def test_the_web_server_stops_first_and_redis_last(launch):
    one = launch().until_it_runs()
    one.send().status()
    ends = [one.text.index(f"{name}") for name in ("web has stopped", "consumer has stopped")]
    assert ends == sorted(ends)
    assert one.text.index("consumer has stopped") < one.text.index("Redis is now ready to exit")


def test_what_no_hit_needs_starts_last_and_stops_after_the_web_server(launch):
    one = launch(worker=f"{STAND_IN} worker").until("worker runs")
    assert one.text.index("web runs") < one.text.index("worker runs")
    one.send().status()
    assert one.text.index("web has stopped") < one.text.index("worker has stopped")
    assert one.text.index("worker has stopped") < one.text.index("consumer has stopped")


def test_it_can_be_stopped_while_redis_still_keeps_it_waiting(launch):
    one = launch(redis=f"{STAND_IN} silent").until("silent runs")
    assert one.send().status() == 0
    assert "consumer runs" not in one.text
    assert nothing_is_left_of(one)


def test_a_second_ctrl_c_waits_for_nobody(launch):
    one = launch(consumer=f"{STAND_IN} deaf").until_it_runs()
    one.send().until("web has stopped")
    assert one.send().status(seconds=5) == 0
    assert "consumer did not end in time and is killed" in one.text
    assert nothing_is_left_of(one)


def test_what_a_process_started_itself_is_asked_to_stop_as_well(launch):
    one = launch(consumer=f"{STAND_IN} parent").until_it_runs().until("orphan runs")
    assert one.send().status() == 0
    assert one.text.index("parent has stopped") < one.text.index("orphan has stopped")
    assert nothing_is_left_of(one)


# -- Ending because something failed -------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "part"),
    [("web", "stand_in.py web"), ("consumer", "consumer"), ("redis", "redis-server")],
)
def test_all_end_when_one_is_killed_and_the_last_line_says_which(launch, name, part):
    one = launch().until_it_runs()
    os.kill(one.pid_of(part), signal.SIGKILL)
    assert one.status() == 1
    assert one.last_line == (
        f"PixelTrack stopped because `{name}` ended with status -9 (SIGKILL); "
        "its last lines are above."
    )
    assert nothing_is_left_of(one)


def test_the_last_line_says_with_what_status_a_process_ended(launch):
    one = launch(consumer=f"{STAND_IN} fails")
    assert one.status() == 1
    assert "something is wrong" in one.text
    assert one.last_line == (
        "PixelTrack stopped because `consumer` ended with status 3; its last lines are above."
    )
    assert nothing_is_left_of(one)


def test_a_command_that_does_not_exist_is_named(launch):
    one = launch(consumer="python -m pixeltrack.no_such_thing")
    assert one.status() == 1
    assert "No module named pixeltrack.no_such_thing" in one.text
    assert "`consumer` ended with status 1" in one.last_line


def test_nothing_outlives_a_launcher_that_was_killed(launch):
    one = launch().until_it_runs()
    os.kill(one.process.pid, signal.SIGKILL)
    wait_until(lambda: nothing_is_left_of(one))


def test_the_next_start_copes_with_a_launcher_that_was_killed(launch, tmp_path):
    one = launch().until_it_runs()
    one.redis().set("kept", "yes")
    os.kill(one.process.pid, signal.SIGKILL)
    two = launch(settings={"PORT": one.environment["PORT"]}).until_it_runs()
    assert two.redis().get("kept") == b"yes"


# -- What is in the way of a start ---------------------------------------------------------------
def test_a_second_one_in_the_same_folder_is_refused_and_the_first_lives_on(launch):
    one = launch().until_it_runs()
    two = launch()
    assert two.status() == 1
    assert two.text == (
        "PixelTrack can't start: it runs already, in this folder, as process "
        f"{one.process.pid}. Stop that one with Ctrl-C where it runs.\n"
    )
    assert one.process.poll() is None


def test_a_port_that_is_in_use_is_named_with_what_to_do(launch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        one = launch(settings={"PORT": str(port)})
        assert one.status() == 1
    assert one.last_line == (
        f"PixelTrack can't start: port {port} on 127.0.0.1 is in use. Choose another: "
        f"PORT={port + 1} make run"
    )
    assert len(one.text.splitlines()) == 2


def test_an_address_of_another_machine_is_named(launch):
    one = launch(settings={"HOST": "192.0.2.1", "PUBLIC_URL": "http://localhost:8000"})
    assert one.status() == 1
    assert "can't listen at HOST=192.0.2.1: Cannot assign requested address." in one.last_line


def test_a_preparation_that_fails_ends_the_start(launch, tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "pixeltrack.sqlite3").write_text("no database " * 100)
    one = launch(command=[sys.executable, "-m", "pixeltrack.launcher"])
    assert one.status() == 1
    assert one.last_line == ("PixelTrack can't start: preparing it failed; the reason is above.")
    assert nothing_is_left_of(one)


# -- Redis ---------------------------------------------------------------------------------------
def test_a_redis_that_was_left_behind_gives_way_and_its_data_is_kept(launch):
    one = launch().until_it_runs()
    one.send().status()
    orphan = one.run([sys.executable, "-m", "pixeltrack.embedded_redis"])
    wait_until(lambda: answers(one.redis()))
    one.redis().set("kept", "yes")
    two = launch().until_it_runs()
    assert orphan.wait(timeout=60) == 0
    assert two.redis().get("kept") == b"yes"


def test_a_second_start_keeps_what_redis_holds(launch):
    one = launch().until_it_runs()
    one.redis().set("kept", "yes")
    one.send().status()
    assert launch().until_it_runs().redis().get("kept") == b"yes"


def test_a_folder_that_lies_deep_is_no_obstacle(launch, tmp_path):
    deep = tmp_path / ("d" * 100) / "with a space"
    deep.mkdir(parents=True)
    with TemporaryDirectory(prefix="deep-") as short:
        one = launch(folder=deep, settings={"TMPDIR": short}).until_it_runs()
        [socket_folder] = Path(short).glob("pixeltrack-*")
        assert (socket_folder / "redis.sock").is_socket()
        assert one.send().status() == 0


def test_no_redis_is_started_where_an_outside_one_is_named(launch):
    one = launch(settings={"REDIS_URL": "redis://127.0.0.1:1/0"}).until_it_runs()
    assert len(one.processes()) == 3
    assert not one.folder.joinpath("var", "redis").exists()


def answers(redis: Redis) -> bool:
    try:
        return redis.ping()
    except RedisError:
        return False
