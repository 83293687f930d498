"""Big files from the real web server: in little memory, for slow readers, whole or visibly not."""

import secrets
import socket
from pathlib import Path

import httpx
import pytest

from tests.memory import MEGABYTE, most_memory, only_web_worker
from tests.services import wait_until

CONTACTS = 30_000


@pytest.fixture(scope="module")
def served(stacks, database):
    """A stack with one web process, and in it a campaign with many contacts; its id."""
    stack = stacks(database, name=f"{database}_exports", WEB_CONCURRENCY="1")
    campaign = stack.shell(f"""
from itertools import islice
from accounts.models import Team
from campaigns.models import Campaign, Contact, Pixel
campaign = Campaign.objects.start(team=Team.objects.first(), name={secrets.token_hex(8)!r})
group = campaign.groups.get()
for first in range(0, {CONTACTS}, 5000):
    Contact.objects.bulk_create([
        Contact(group=group, email=f"contact-{{number}}@example.com", name="x" * 200,
                external_id="y" * 200)
        for number in range(first, first + 5000)
    ], batch_size=500)
contacts = Contact.objects.filter(group=group).values_list("pk", flat=True).iterator()
while some := list(islice(contacts, 5000)):
    Pixel.objects.bulk_create(
        [Pixel(contact_id=contact, number=1) for contact in some], batch_size=500
    )
answer = campaign.pk
""")
    return stack, campaign


def ask(stack, path: str) -> socket.socket:
    """A client that has asked, and reads only what it wants to."""
    client = socket.create_connection(("127.0.0.1", stack.port), timeout=60)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    authorization = stack.client.headers["Authorization"]
    client.sendall(
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    return client


def rest_of(client: socket.socket) -> bytes:
    with client:
        return b"".join(iter(lambda: client.recv(MEGABYTE), b""))


def download(stack, path: str) -> tuple[int, int]:
    """(bytes, lines) of a file"""
    size = lines = 0
    with stack.client.stream("GET", path, timeout=120) as reply:
        assert reply.status_code == 200
        for part in reply.iter_bytes():
            size += len(part)
            lines += part.count(b"\n")
    return size, lines


def test_a_big_file_takes_little_memory_also_for_a_client_that_does_not_read(served):
    stack, campaign = served
    path = f"/api/campaigns/{campaign}/pixels"
    with stack.client.stream("GET", path + ".csv", timeout=120) as reply:
        for _ in zip(range(100), reply.iter_bytes(65536), strict=False):
            pass  # the first few parts: what is needed once is there now
    process = only_web_worker(stack)
    before = most_memory(process)

    slow = ask(stack, path + ".csv")
    begin = slow.recv(100)
    size, lines = download(stack, path + ".jsonl")
    assert lines == CONTACTS
    assert size > 24 * MEGABYTE
    assert most_memory(process) - before < 20 * MEGABYTE

    # The slow one waited meanwhile, and gets all of it.
    text = begin + rest_of(slow)
    assert text.startswith(b"HTTP/1.1 200 OK\r\n")
    assert text.count(b"@example.com") == CONTACTS
    assert text.endswith(b"\r\n0\r\n\r\n")  # the proper end of a chunked answer
    assert most_memory(process) - before < 20 * MEGABYTE
    assert only_web_worker(stack) == process


def test_when_the_client_goes_the_work_ends(served):
    stack, campaign = served

    def statements() -> int:
        """How many the one web process has sent to its database."""
        text = httpx.get(stack.url + "/metrics", trust_env=False, timeout=60).text
        lines = [line for line in text.splitlines() if line.startswith("django_db_execute_total{")]
        return round(sum(float(line.split()[-1]) for line in lines))

    def threads() -> set[str]:
        return {thread.name for thread in Path(f"/proc/{only_web_worker(stack)}/task").iterdir()}

    before, others = statements(), threads()
    client = ask(stack, f"/api/campaigns/{campaign}/pixels.csv")
    assert client.recv(100).startswith(b"HTTP/1.1 200")
    own = threads() - others
    assert own
    client.close()
    wait_until(lambda: not own & threads(), what="the request's thread ends")
    # The whole file takes three statements for each of its hundred parts; the kernel's buffers
    # take in a few of them.
    assert statements() - before < 100


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_file_that_breaks_off_can_not_pass_for_whole(served, form):
    stack, campaign = served

    def rename(old, new):
        stack.shell(f"""
from django.db import connection
connection.cursor().execute("ALTER TABLE {old} RENAME TO {new}")
answer = None
""")

    path = f"/api/campaigns/{campaign}/pixels.{form}"
    client = ask(stack, path)
    begin = client.recv(100)
    rename("campaigns_pixel", "away")
    try:
        text = begin + rest_of(client)
        assert stack.client.get(path).status_code == 500  # a problem, while nothing is sent yet
    finally:
        rename("away", "campaigns_pixel")
    assert text.startswith(b"HTTP/1.1 200 OK\r\n")
    assert 0 < text.count(b"@example.com") < CONTACTS
    assert not text.endswith(b"\r\n0\r\n\r\n")

    with stack.client.stream("GET", path) as reply:  # and all is well again
        assert next(reply.iter_bytes())


def test_a_client_library_notices_that_a_file_broke_off(served):
    stack, campaign = served
    with stack.client.stream("GET", f"/api/campaigns/{campaign}/pixels.csv") as reply:
        parts = reply.iter_bytes()
        assert next(parts)
        stack.services["web"].kill()
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in parts:
                pass
    stack.start_web()
