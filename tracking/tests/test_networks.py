import tracemalloc

import pytest

from tracking import verdict_data
from tracking.data_file import Unfit
from tracking.networks import EGRESS, NETWORKS, locate, read_egress, read_networks


@pytest.mark.parametrize(
    ("address", "located"),
    [
        ("66.249.79.255", ("", "66.249.79.0/24")),
        ("66.249.80.0", ("google", "66.249.80.0/24")),
        ("66.249.95.255", ("google", "66.249.95.0/24")),
        ("66.249.96.0", ("", "66.249.96.0/24")),
        ("209.222.82.200", ("barracuda", "209.222.82.0/24")),
        ("2a01:111:f400:7c10::1", ("m365-scanner", "2a01:111:f400::/48")),
        ("2a01:111:f401::1", ("", "2a01:111:f401::/48")),
        ("52.97.1.1", ("microsoft", "52.97.1.0/24")),
        ("2620:1ec:4::152", ("microsoft", "2620:1ec:4::/48")),
        ("2620:1ec:4::151", ("", "2620:1ec:4::/48")),
        ("::ffff:74.125.1.2", ("google", "74.125.1.0/24")),
        ("0.0.0.0", ("", "0.0.0.0/24")),
        ("", ("", "")),
        ("testserver", ("", "")),
        ("1.2.3.4:80", ("", "")),
    ],
)
def test_an_address_is_labelled_whole_and_kept_truncated(address, located):
    assert locate(address) == located


def test_what_is_no_address_is_remembered_in_a_little_room():
    """It may be the host in a Referer, of which a client can make up a new one for each hit."""
    tracemalloc.start()
    try:
        for number in range(100):
            assert locate(f"{number}.{'x' * 60_000}") == ("", "")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


def test_the_narrowest_network_of_both_lists_decides_and_then_the_operators(installed):
    installed(
        NETWORKS,
        "network,label\n10.0.0.0/8,provider\n10.1.1.0/24,by-hand\n10.1.2.128/25,by-hand\n",
    )
    installed(EGRESS, "10.1.1.0/24,DE,DE-BE,Berlin,\n10.1.2.0/24,DE,DE-BE,Berlin,\n")
    verdict_data.load()
    assert locate("10.9.9.9")[0] == "provider"
    assert locate("10.1.1.9")[0] == "by-hand"
    assert locate("10.1.2.9")[0] == "apple-relay"
    assert locate("10.1.2.200")[0] == "by-hand"


def test_columns_may_stand_in_any_order_and_others_are_for_remarks():
    found = read_networks(["note,label,network\n", '"a, b",inner,10.0.0.0/8\n', "\n"])
    assert found.networks == 1


def test_apples_list_is_read_as_it_is():
    found = read_egress(
        [
            "104.28.0.0/31,US,US-CA,LosAngeles,\r\n",
            "104.28.0.0/31,US,US-CA,LosAngeles,\r\n",
            "2a02:26f7:b0c4:8800::/64,DE,DE-BE,BERLIN,\r\n",
        ]
    )
    assert found.networks == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Line 1: There is no column network"),
        ("network\n", "Line 1: There is no column label"),
        ("network,label\n", "lists no network"),
        ("network,label\n10.0.0.0/8\n", "Line 2: It has 1 cells"),
        ("network,label\n10.0.0.0/8,Inner\n", "Line 2: “Inner” is no label"),
        (f"network,label\n10.0.0.0/8,{'x' * 33}\n", "Line 2: .* is no label"),
        ("network,label\n10.0.0.0/8,a\n10.0.0.1/8,b\n", "Line 3: .*bits set beyond"),
        ("network,label\n10.0.0.0/8,a\n\n10.0.0.0/8,b\n", "Line 4: 10.0.0.0/8 is in line 2"),
        ("network,label\n::/0,a\nnowhere,b\n", "Line 3: “nowhere” is no network"),
    ],
)
def test_a_list_of_networks_is_refused_with_line_and_reason(text, problem):
    with pytest.raises(Unfit, match=problem):
        read_networks(text.splitlines(keepends=True))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "lists no network"),
        ("10.0.0.0/8,DE\n<html>\n", "Line 2: “<html>” is no network"),
        ("10.0.0.0/8,DE\n2a02:26f7:", "Line 2: “2a02:26f7:” is no network"),
    ],
)
def test_apples_list_is_refused_where_it_was_cut_off(text, problem):
    with pytest.raises(Unfit, match=problem):
        read_egress(text.splitlines(keepends=True))
