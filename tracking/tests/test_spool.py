import fcntl
import os
import resource
import time
from unittest.mock import Mock
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tracking import spool
from tracking.hit import Hit
from tracking.kinds import unpack
from tracking.spool import SpoolFile, SpoolWriter, make_line, read_line, waiting_files


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def writer():
    writer = SpoolWriter()
    yield writer
    writer.close()


def a_hit(agent="Thunderbird") -> Hit:
    return Hit(uuid4().bytes, b"p" * 16, 1_772_366_400_000, user_agent=agent)


def lines(size=500):
    """All that waits, as [(event id, packed), …], with the number of unreadable lines."""
    packed, unreadable = [], 0
    for path in waiting_files():
        file = SpoolFile.lock(path)
        assert file, "it is still locked"
        batch = file.next_batch(size)
        packed += batch.packed
        unreadable += batch.unreadable
        file.release()
    return packed, unreadable


def test_what_is_written_reads_back(writer):
    hits = [a_hit(), a_hit("Bär\n")]
    writer.write(hits[:1])
    writer.write(hits[1:])
    writer.close()
    packed, unreadable = lines()
    assert [unpack(*each) for each in packed] == hits
    assert unreadable == 0


def test_it_is_on_the_disk_before_the_reply(writer, monkeypatch):
    calls = []
    write, sync = os.write, os.fdatasync
    monkeypatch.setattr(os, "write", lambda *args: calls.append("write") or write(*args))
    monkeypatch.setattr(os, "fdatasync", lambda *args: calls.append("sync") or sync(*args))
    writer.write([a_hit(), a_hit()])
    assert calls == ["write", "sync"]


def test_a_file_in_use_is_nobody_elses(writer):
    writer.write([a_hit()])
    [path] = waiting_files()
    assert SpoolFile.lock(path) is None
    writer.close()
    file = SpoolFile.lock(path)
    assert SpoolFile.lock(path) is None
    file.release()


def test_a_file_is_rotated_while_in_use_and_let_go_when_idle(writer, monkeypatch):
    monkeypatch.setattr(spool, "ROTATE_S", 0.05)
    writer.write([a_hit()])
    deadline = time.monotonic() + 5
    while (file := SpoolFile.lock(waiting_files()[0])) is None:
        assert time.monotonic() < deadline
    file.release()
    writer.write([a_hit()])
    assert len(waiting_files()) == 2


def test_a_file_that_was_removed_before_it_was_locked_is_not_written(writer, monkeypatch):
    lock = fcntl.flock
    removals = []

    def lock_late(descriptor, how):
        if not removals:  # a consumer was faster, found nothing in it, and removed it
            [path] = waiting_files()
            path.unlink()
            removals.append(path)
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    writer.write([a_hit()])
    writer.close()
    assert removals
    assert len(lines()[0]) == 1


def test_a_torn_last_line_is_skipped_and_counted(writer):
    writer.write([a_hit(), a_hit()])
    writer.close()
    [path] = waiting_files()
    path.write_bytes(path.read_bytes()[:-7])
    packed, unreadable = lines()
    assert (len(packed), unreadable) == (1, 1)


def test_a_spoilt_line_keeps_no_other_back(writer):
    writer.write([a_hit(), a_hit(), a_hit()])
    writer.close()
    [path] = waiting_files()
    content = path.read_bytes().splitlines(keepends=True)
    content[1] = content[1][:40] + b"!" + content[1][41:]
    path.write_bytes(b"".join(content))
    packed, unreadable = lines()
    assert (len(packed), unreadable) == (2, 1)


def test_a_replay_goes_on_from_its_checkpoint(writer):
    writer.write([a_hit(str(number)) for number in range(5)])
    writer.close()
    [path] = waiting_files()
    file = SpoolFile.lock(path)
    first = file.next_batch(2)
    assert (len(first.packed), first.is_last) == (2, False)
    file.replayed_to(first.end)
    file.release()
    packed, _ = lines()
    assert [unpack(*each).user_agent for each in packed] == ["2", "3", "4"]
    file = SpoolFile.lock(path)
    file.remove()
    assert list(spool.folder().iterdir()) == []


@pytest.mark.parametrize("spoilt", [b"", b"\0\0\0", b"1x", b"-5"])
def test_with_a_spoilt_checkpoint_the_replay_begins_anew(writer, spoilt):
    writer.write([a_hit(str(number)) for number in range(5)])
    writer.close()
    [path] = waiting_files()
    path.with_suffix(".done").write_bytes(spoilt)
    packed, _ = lines()
    assert [unpack(*each).user_agent for each in packed] == ["0", "1", "2", "3", "4"]


def test_the_checkpoint_is_on_the_disk_before_the_file_goes(writer, monkeypatch):
    writer.write([a_hit()])
    writer.close()
    file = SpoolFile.lock(waiting_files()[0])
    calls = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: calls.append("sync") or sync(number))
    batch = file.next_batch(10)
    assert batch.is_last
    file.replayed_to(batch.end)
    calls.append("remove")
    file.remove()
    assert calls == ["sync", "remove", "sync"]


def test_a_full_disk_leaves_no_part_of_a_line(writer):
    """A limit on the file's size stands in for the disk: the system cuts the write off alike."""
    writer.write([a_hit()])
    [path] = waiting_files()
    size = path.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
    try:
        with pytest.raises(OSError, match=r"part of the lines|File too large"):
            writer.write([a_hit()])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.stat().st_size == size
    writer.write([a_hit()])
    writer.close()
    packed, unreadable = lines()
    assert (len(packed), unreadable) == (2, 0)


@given(event_id=st.binary(min_size=16, max_size=16), packed=st.binary(max_size=300))
def test_any_hit_survives_as_a_line(event_id, packed):
    assert read_line(make_line(event_id, packed)) == (event_id, packed)


@given(line=st.binary(max_size=200))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_no_line(line):
    with pytest.raises(ValueError, match=r"torn|spoilt|base64|ASCII|base 16"):
        read_line(line + b"\n")


def test_a_disk_without_room_for_a_checkpoint_is_told_from_one_with(writer, monkeypatch):
    writer.write([a_hit(str(number)) for number in range(3)])
    writer.close()
    file = SpoolFile.lock(waiting_files()[0])
    first = file.next_batch(2)
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(28, "No space left on device")))
    assert file.replayed_to(first.end) is False
    rest = file.next_batch(2)  # this reader knows all the same
    assert (len(rest.packed), rest.is_last) == (1, True)
    file.release()
