"""Labelled networks, however they lie in one another."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tracking.ranges import NOWHERE, SORTED_AT_ONCE, Network, Ranges, read_network


def ranges(*labelled: tuple[str, str]) -> Ranges:
    return Ranges(Network(*read_network(network), label) for network, label in labelled)


def label(ranges: Ranges, address: str) -> str:
    return ranges.find(ip_address(address)).label


def test_the_narrowest_network_decides():
    found = ranges(("10.0.0.0/8", "provider"), ("10.1.0.0/16", "customer"), ("10.1.2.3/32", "host"))
    assert label(found, "10.0.255.255") == "provider"
    assert label(found, "10.1.0.0") == label(found, "10.1.2.2") == "customer"
    assert label(found, "10.1.2.3") == "host"
    assert label(found, "10.1.2.4") == label(found, "10.1.255.255") == "customer"
    assert label(found, "10.2.0.0") == label(found, "10.255.255.255") == "provider"
    assert label(found, "11.0.0.0") == label(found, "9.255.255.255") == ""


def test_networks_of_ipv6_may_be_narrower_than_half_an_address():
    found = ranges(
        ("2001:db8::/32", "wide"), ("2001:db8:0:1::/64", "half"), ("2001:db8:0:1::8/125", "narrow")
    )
    assert label(found, "2001:db8:0:1::7") == "half"
    assert label(found, "2001:db8:0:1::8") == label(found, "2001:db8:0:1::f") == "narrow"
    assert label(found, "2001:db8:0:1::10") == "half"
    assert label(found, "2001:db8:0:1:ffff:ffff:ffff:ffff") == "half"
    assert label(found, "2001:db8:0:2::") == "wide"
    assert label(found, "2001:db9::") == label(found, "2001:db7:ffff::") == ""


def test_a_network_may_end_with_the_last_address_and_begin_with_the_first():
    found = ranges(("0.0.0.0/0", "all"), ("255.255.255.0/24", "last"), ("ff00::/8", "last"))
    assert label(found, "0.0.0.0") == label(found, "255.255.254.255") == "all"
    assert label(found, "255.255.255.255") == "last"
    assert label(found, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "last"
    assert ranges().find(IPv4Address(0)) == ranges().find(IPv6Address(0)) == NOWHERE


def test_neighbours_with_one_label_take_one_place():
    found = ranges(*((f"10.0.{number}.0/24", "same") for number in range(256)))
    assert found.networks == 256
    assert found.bytes == ranges(("10.0.0.0/24", "same")).bytes


def test_a_list_longer_than_a_portion_of_the_sorting_may_come_in_any_order():
    numbers = range(0, 3 * SORTED_AT_ONCE, 2)
    rows = [(str(IPv4Address(number)) + "/32", f"label{number % 3}") for number in numbers]
    found = ranges(*reversed(rows))
    for network, wanted in rows[:: len(rows) // 50]:
        assert label(found, network.removesuffix("/32")) == wanted
    assert label(found, "0.0.0.1") == ""


NETWORKS = st.one_of(
    # Few addresses, so that networks meet one another.
    st.builds(
        lambda first, bits: IPv4Network((first << 26, bits), strict=False),
        st.integers(0, 63),
        st.integers(0, 32),
    ),
    st.builds(
        lambda first, bits: IPv6Network((first << 61, bits), strict=False),
        st.integers(0, 63),
        st.integers(58, 128),
    ),
)


@hypothesis_settings(deadline=None)
@given(st.dictionaries(NETWORKS, st.sampled_from("abc"), max_size=12), st.data())
def test_any_address_is_found_as_by_looking_at_every_network(networks, data):
    found = ranges(*((str(network), label) for network, label in networks.items()))
    edges = {
        address + step
        for network in networks
        for address in (network.network_address, network.broadcast_address)
        for step in (-1, 0, 1)
        if 0 <= int(address) + step < 1 << address.max_prefixlen
    }
    for address in edges | {IPv4Address(0), IPv6Address(0)}:
        around = [each for each in networks if each.version == address.version and address in each]
        narrowest = max(around, key=lambda each: each.prefixlen, default=None)
        assert found.find(address) == (
            (narrowest.prefixlen, networks[narrowest]) if narrowest else NOWHERE
        )


@pytest.mark.parametrize(
    "text", ["192.0.2.0/24", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::/32", "::/0", "::1/128"]
)
def test_a_network_is_read_as_the_standard_library_reads_it(text):
    network = ip_network(text)
    assert read_network(text) == (
        network.version,
        int(network.network_address),
        network.prefixlen,
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no network"),
        ("somewhere", "is no network"),
        ("192.0.2/24", "is no network"),
        ("192.0.2.256/24", "is no network"),
        ("2001:db8::1::/64", "is no network"),
        ("192.0.2.0", "no length from 0 to 32"),
        ("192.0.2.0/", "no length from 0 to 32"),
        ("192.0.2.0/33", "no length from 0 to 32"),
        ("192.0.2.0/-1", "no length from 0 to 32"),
        ("192.0.2.0/٣", "no length from 0 to 32"),
        ("2001:db8::/129", "no length from 0 to 128"),
        ("192.0.2.1/24", "bits set beyond"),
        ("2001:db8::1/64", "bits set beyond"),
    ],
)
def test_what_is_no_network_is_refused_with_what_to_do(text, problem):
    with pytest.raises(ValueError, match=problem):
        read_network(text)
