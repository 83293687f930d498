"""With an https PUBLIC_URL everything is as the deploy check wants it; with http, all works too."""

import json
import re
import subprocess
import sys

import pytest
from django.conf import settings

from pixeltrack.tests.surroundings import ROOT, bare_environment

# What the deploy check would have of a site that does without TLS.
WITHOUT_TLS = {"security.W004", "security.W008", "security.W012", "security.W016"}
ASK = """
import json, django
django.setup()
from django.test import Client
asked = {}
for name, address, headers in %r:
    answer = Client().get(address, headers=headers, secure=address.startswith("https"))
    asked[name] = [answer.status_code, dict(answer.headers)]
print(json.dumps(asked))
"""


def run(tmp_path, *command, **more):
    environment = bare_environment(tmp_path, DJANGO_SETTINGS_MODULE="pixeltrack.settings", **more)
    return subprocess.run(
        [sys.executable, *command],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def ask(tmp_path, addresses, **more) -> dict:
    """Name → status and headers, of a PixelTrack with these settings."""
    done = run(tmp_path, "-c", ASK % (addresses,), **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(tmp_path, redis_server, url):
    return run(
        tmp_path,
        *("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        PUBLIC_URL=url,
        REDIS_URL=f"unix://{settings.REDIS_SOCKET}?db=0",
    )


def test_with_https_the_deploy_check_is_clean(tmp_path, redis_server):
    done = check(tmp_path, redis_server, "https://track.example.com")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_with_http_it_misses_nothing_but_tls(tmp_path, redis_server):
    done = check(tmp_path, redis_server, "http://127.0.0.1:8000")
    assert set(re.findall(r"\((\w+\.[WE]\d+)\)", done.stderr)) == WITHOUT_TLS


@pytest.mark.parametrize("proxies", ["0", "1"])
def test_with_https_only_a_trusted_proxy_can_say_that_there_was_tls(tmp_path, proxies):
    said = {"x-forwarded-proto": "https", "host": "localhost"}
    asked = ask(
        tmp_path,
        [
            ("plain", "/api/", {"host": "localhost"}),
            ("said", "/api/", said),
            ("tls", "https://localhost/api/", {"host": "localhost"}),
            ("healthz", "/healthz", {"host": "localhost"}),
        ],
        PUBLIC_URL="https://localhost",
        TRUSTED_PROXIES=proxies,
    )
    assert asked["plain"][0] == 301
    assert asked["plain"][1]["Location"] == "https://localhost/api/"
    assert asked["healthz"][0] == 200
    served = "said" if proxies == "1" else "tls"
    assert asked[served][0] == 401
    headers = asked[served][1]
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert asked["said"][0] == (401 if proxies == "1" else 301)


def test_with_http_nothing_is_redirected(tmp_path):
    paths = ["/api/", "/healthz", "/openapi.json"]
    # As on an inner network, and by a proxy that says something else.
    headers = {"host": "inner.example", "x-forwarded-proto": "https"}
    asked = ask(
        tmp_path,
        [(path, path, headers) for path in paths],
        PUBLIC_URL="http://inner.example:8000",
    )
    assert {path: answer[0] for path, answer in asked.items()} == dict.fromkeys(paths, 200) | {
        "/api/": 401
    }
    assert not any("Strict-Transport-Security" in answer[1] for answer in asked.values())
