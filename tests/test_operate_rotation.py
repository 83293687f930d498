"""Keys rotated as docs/operations.md has it, replica by replica and under load: nobody notices."""

import secrets
from itertools import product
from urllib.parse import urlsplit

import httpx
import pytest

from campaigns.token import LENGTH
from tests.conftest import needs
from tests.front import Front
from tests.front_load import Load
from tests.stack import ADMIN, PASSWORD, fernet_key
from tracking.reply import GIF

REPLICAS = ("rotated-1", "rotated-2")
PAUSE_S = 0.04  # between two hits of a client


@pytest.fixture(scope="module")
def front(stack):
    """Replicas of this file's own, whose keys it changes."""
    needs("nginx")
    front = Front(stack, REPLICAS)
    yield front
    front.end()


def restart(front, name: str, keys: dict[str, str]):
    service = front.stack.services[name]
    assert service.stop(within=30) == 0
    service.environment |= keys
    front.start(name)


def roll(front, load: Load, key: str, keys: dict[str, str]):
    """One replica after the other, with these settings; they differ for a while."""
    for name in REPLICAS:
        restart(front, name, keys)
        load.go_on(30)
        open_fresh_addresses(front, load, key)


def open_fresh_addresses(front, load: Load, key: str):
    """Such as each replica makes just now, at each replica."""
    allowed = {"Authorization": f"Api-Key {key}"}
    pixel = load.mail.pixels[0]
    with httpx.Client(timeout=60) as client:
        for maker, opener in product(front.ports.values(), repeat=2):
            reply = client.get(
                f"http://127.0.0.1:{maker}/api/pixels/{pixel['id']}/", headers=allowed
            )
            assert reply.status_code == 200, reply.text
            path = urlsplit(reply.json()["url"]).path
            reader = f"{maker} {opener} {secrets.token_hex(4)}"
            address = f"http://127.0.0.1:{opener}{path}"
            assert client.get(address, headers={"User-Agent": reader}).content == GIF
            load.opened.append((pixel, reader))


def issue_key(stack) -> dict:
    [team, *_] = stack.all("/api/teams/")
    fields = {"team": team["id"], "name": secrets.token_hex(4), "role": "editor"}
    return stack.post("/api/api-keys/", fields)


def signed_in(url: str) -> httpx.Client:
    """A member of the staff, by the form of the admin."""
    client = httpx.Client(base_url=url, timeout=60, follow_redirects=True)
    client.get("/admin/login/")
    form = {"username": ADMIN, "password": PASSWORD, "next": "/admin/"}
    form["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
    assert "Log out" in client.post("/admin/login/", data=form).text
    return client


def log_in(client: httpx.Client) -> dict:
    reply = client.post("/api/token/", json={"username": ADMIN, "password": PASSWORD})
    assert reply.status_code == 200, reply.text
    return reply.json()


def status_of(client: httpx.Client, authorization: str) -> list[int]:
    """Of several requests, so that each replica answers some."""
    headers = {"Authorization": authorization}
    return [client.get("/api/pixels/?page_size=1", headers=headers).status_code for _ in range(6)]


def test_keys_are_rotated_under_load_and_no_opening_fails(front):
    stack = front.stack
    first_key, second_key = issue_key(stack), issue_key(stack)
    staff, api = signed_in(front.url), httpx.Client(base_url=front.url, timeout=60)
    tokens = log_in(api)
    old = dict(stack.environment)
    new_fernet, new_django = fernet_key(), secrets.token_urlsafe(60)
    learned = {
        "FERNET_KEY": f"{old['FERNET_KEY']},{new_fernet}",
        "DJANGO_SECRET_KEY_FALLBACKS": new_django,
    }
    used = {
        "FERNET_KEY": f"{new_fernet},{old['FERNET_KEY']}",
        "DJANGO_SECRET_KEY": new_django,
        "DJANGO_SECRET_KEY_FALLBACKS": old["DJANGO_SECRET_KEY"],
        "API_SECRET_KEY": secrets.token_urlsafe(64),  # which has no such list
    }
    load = Load(stack, front.url, pause_s=PAUSE_S)
    try:
        load.go_on(30)
        roll(front, load, first_key["key"], learned)
        assert "Log out" in staff.get("/admin/").text
        assert set(status_of(api, f"Bearer {tokens['access']}")) == {200}
        roll(front, load, first_key["key"], used)
        assert "Log out" in staff.get("/admin/").text
        # The key that a server had, for another.
        open_fresh_addresses(front, load, second_key["key"])
        assert stack.client.delete(f"/api/api-keys/{first_key['id']}/").status_code == 204
        assert set(status_of(api, f"Api-Key {first_key['key']}")) == {401}
        load.go_on(30)
    finally:
        load.end()
    load.expect_each_counted_once()
    # Who had a token of the API logs in again.
    assert set(status_of(api, f"Bearer {tokens['access']}")) == {401}
    assert api.post("/api/token/refresh/", json={"refresh": tokens["refresh"]}).status_code == 401
    assert set(status_of(api, f"Bearer {log_in(api)['access']}")) == {200}


def test_a_pixel_whose_key_is_gone_is_answered_and_not_counted(front):
    """Why no key is taken off the list while mails that were made with it may be opened."""
    stack = front.stack
    [pixel] = stack.new_mail(pixels=1)
    path = urlsplit(pixel["url"]).path
    assert len(path) == len("/p/.gif") + LENGTH
    restart(front, REPLICAS[0], {"FERNET_KEY": fernet_key()})  # the other one has it in its list
    with httpx.Client(timeout=60) as client:
        for name in REPLICAS:
            url = f"http://127.0.0.1:{front.ports[name]}{path}"
            reply = client.get(url, headers={"User-Agent": name})
            assert (reply.status_code, reply.content) == (200, GIF)
    stack.settle()
    [opening] = stack.openings(pixel=pixel["id"])
    assert opening["user_agent"] == REPLICAS[1]
