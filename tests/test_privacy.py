"""What no log may hold: tokens, e-mail addresses, full IPs. And a GIF when Redis is gone."""

import re
import secrets
import signal

import httpx

from tests.services import wait_until
from tests.stack import ADMIN, PASSWORD
from tests.wire import exchange, request, undated

ADDRESS = "203.0.113.77"


def test_no_log_holds_a_token_an_address_or_an_ip(stacks, database):
    stack = stacks(database, name=f"{database}_private", TRUSTED_PROXIES="1")
    canary = f"canary-{secrets.token_hex(6)}"
    email = f"{canary}@example.com"
    [pixel] = stack.new_mail(pixels=1)
    contact = stack.get(f"/api/contacts/{pixel['contact']}/")
    stack.client.patch(f"/api/contacts/{contact['id']}/", json={"email": email})
    token = re.search(r"/p/(.+)\.gif", pixel["url"])[1]
    forwarded = b"X-Forwarded-For: " + ADDRESS.encode()

    def hit(path):
        return exchange(stack.url, request("GET", path, forwarded, b"User-Agent: Client/1"))

    good = hit(f"/p/{token}.gif")
    assert undated(hit(f"/p/{canary}{token}.gif")) == undated(good)
    stack.settle()
    assert stack.openings(pixel=pixel["id"])[0]["network"] == "203.0.113.0/24"
    views = [{"page_id": "home", "user_id": email}, {"page_id": canary * 40, "user_id": email}]
    for user in (canary, email):
        stack.client.post("/track", json=views)
        stack.client.post("/track", content=f'{{"user_id": "{user}"')
        stack.client.post("/api/erased-visitors/", json={"user_id": user})
    for path in wrong_turns(token, email):
        stack.client.get(path, headers={"X-Forwarded-For": ADDRESS})
    for name in (email, ADMIN, canary):
        httpx.post(
            stack.url + "/api/token/", json={"username": name, "password": f"{canary}!"}, timeout=60
        )

    # Without Redis the client gets its GIF all the same, and the log says so, naming nobody.
    stack.redis.stop(signal.SIGKILL)
    assert undated(hit(f"/p/{token}.gif")) == undated(good)
    stack.client.get(f"/api/contacts/?search={email}")
    web = stack.services["web"]
    wait_until(lambda: re.search("WARNING|ERROR", web.text()), what="the log names the failure")

    for name, text in stack.logs().items():
        for secret in (token, token[:24], email, canary, ADDRESS, PASSWORD, stack.key):
            assert secret not in text, f"the log of {name} holds {secret}"


def wrong_turns(token, email) -> list[str]:
    """Addresses that are not there, refused or redirected, with what no log may hold in them."""
    return [
        f"/p/{token}",
        f"/q/{token}.gif",
        f"/p/{token}.gif/",
        f"/api/contacts/?search={email}",
        f"/api/contacts/?email={email}",
        f"/api/contacts/{email}/",
        f"/api/openings/?pixel={token}",
        f"/admin/campaigns/contact/?q={email}",
        f"/no/{email}",
        f"/track?user_id={email}",
        f"/t.gif?page_id=home&user_id={email}",
        f"/stats?page_id={email}",
        f"/stats?user_id={email}",
        f"/api/erased-visitors/?user_id={email}",
        f"/admin/tracking/visitor/?q={email}",
        f"/api/campaigns?{email}",
        f"/sample/{email}/",
    ]
