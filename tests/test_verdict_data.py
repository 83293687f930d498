"""Verdict data that is replaced while a server and its consumer run."""

import json
from itertools import count

import httpx
import pytest

from tests.services import wait_until
from tests.thorough import THOROUGH
from tracking.data_file import PACKAGED

NEIGHBOUR = "127.0.0.2"  # nobody else's in these tests, which share the server
REASON = "a-neighbour"


@pytest.fixture(params=["lane", "plain"] if THOROUGH else ["lane"])
def server(request, stacks):
    return stacks("sqlite", lane=request.param == "lane")


@pytest.fixture
def files(server, tmp_path):
    """What ships, and a network and a rule more; gone afterwards."""
    networks, rules = tmp_path / "networks.csv", tmp_path / "verdicts.json"
    shipped = (PACKAGED / "networks.csv").read_text()
    networks.write_text(f"{shipped}{NEIGHBOUR}/32,neighbour\n")
    found = json.loads((PACKAGED / "verdicts.json").read_text()) | {"date": "2099-12-31"}
    found["rules"].insert(0, {"verdict": "machine", "reason": REASON, "label": "neighbour"})
    rules.write_text(json.dumps(found))
    yield networks, rules
    for installed in (server.var / "verdict_data").iterdir():
        installed.unlink()


def test_web_processes_and_consumers_take_it_up_without_a_restart(server, files):
    [pixel] = server.new_mail(pixels=1)
    numbers = count(1)
    transport = httpx.HTTPTransport(local_address=NEIGHBOUR)
    with httpx.Client(transport=transport, trust_env=False) as client:

        def fetched() -> str:
            """Why the last of the openings has its verdict."""
            number = next(numbers)
            reader = f"Thunderbird/{number}"  # another each time, so that it is no refresh
            assert client.get(pixel["url"], headers={"User-Agent": reader}).status_code == 200
            server.settle()
            openings = server.openings(pixel=pixel["id"])
            assert len(openings) == number
            return next(each["reason"] for each in openings if each["user_agent"] == reader)

        assert fetched() == "mail-client"
        server.manage("update_verdict_data", *map(str, files))
        wait_until(
            lambda: fetched() == REASON, what="the new data is in force", within=60, every=0.2
        )
    [last, *_] = server.openings(pixel=pixel["id"], ordering="-id")
    assert (last["verdict"], last["rules_date"]) == ("machine", "2099-12-31")
    assert last["network_label"] == "neighbour"
