"""The look at all logs, which conftest.py takes when the run is over, sees what it should."""

import sys

import pytest

from tests import canary
from tests.canary import forbidden_in
from tests.services import Service, bare_environment


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("refused ada.l+x@mail.example.com", "an e-mail address"),
        ("GET /p/gAAAAABpIN0Y-4mS_x8sB2QpZk1.gif", "a pixel's token"),
        ("token=eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.sig", "a JSON Web Token"),
        ("Authorization: Bearer abcdefghijkl", "a bearer's token"),
        ("authorization: api-key pt_12345678", "an API key"),
        ("from 203.0.113.77", "a full IP"),
        ("from 127.0.0.10:4711", "a full IP"),
    ],
)
def test_it_sees_what_no_log_may_hold(line, what):
    assert [each.split(":")[0] for each in forbidden_in(f"INFO one\nINFO {line}\n")] == [what]


@pytest.mark.parametrize(
    "line",
    [
        "Listening at: http://127.0.0.1:8000 (1)",
        "bound to 0.0.0.0:8000",
        "network 203.0.113.0/24 is slow",
        "Redis version=7.0.15, MariaDB 10.11.14-MariaDB-0+deb12u2",
        "  A live pixel   http://127.0.0.1:8000/p/gAAAAABpIN0Y-4mS_x8sB2QpZk1.gif",
        "Authorization is missing: use Bearer or Api-Key",
    ],
)
def test_it_lets_pass_what_a_log_may_hold(line):
    assert forbidden_in(line) == []


def test_the_log_of_a_process_is_seen_although_its_folder_is_gone(tmp_path, monkeypatch):
    folder = tmp_path / "logs"
    folder.mkdir()
    monkeypatch.setenv(canary.LOGS, str(folder))
    place = tmp_path / "place"
    place.mkdir()
    command = [sys.executable, "-c", "print('mail to ada@example.com')"]
    service = Service("talker", command, place, bare_environment()).start()
    service.process.wait(30)
    service.log.unlink()
    place.rmdir()
    count, found = canary.scan(folder)
    assert count == 1
    assert len(found) == 1
    assert found[0].endswith("talker.log: an e-mail address: mail to ada@example.com")
