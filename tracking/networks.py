"""From a full address to what may leave the web process: a label and a truncated network."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from accounts.client_address import read_address, truncate
from tracking.data_file import DataFile, Unfit
from tracking.ranges import Network, Ranges, read_network

LABEL = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
RELAY = "apple-relay"  # the label of every network in Apple's list
COLUMNS = ("network", "label")
LONGEST = 255  # as long as a host's name may be


def read_networks(lines: Iterable[str]) -> Ranges:
    """From a CSV with the columns `network` (CIDR) and `label`; others are for remarks."""
    return ranges_of(labelled(csv.reader(lines)))


def read_egress(lines: Iterable[str]) -> Ranges:
    """From Apple's list as it is published: CSV without a header, the network comes first."""
    rows = csv.reader(lines)
    return ranges_of(of_row(rows, row[0], RELAY) for row in rows if row)


def labelled(rows) -> Iterator[Network]:
    header = next(rows, [])
    if missing := [name for name in COLUMNS if name not in header]:
        raise Unfit(f"There is no column {missing[0]}. The first line must name it.", 1)
    places = [header.index(name) for name in COLUMNS]
    seen: dict[tuple, int] = {}
    for row in rows:
        if not row:
            continue
        if len(row) != len(header):
            raise Unfit(
                f"It has {len(row)} cells, and the first line has {len(header)}. "
                "Quote cells with a comma in them.",
                rows.line_num,
            )
        text, label = (row[place].strip() for place in places)
        if not LABEL.fullmatch(label):
            raise Unfit(
                f"“{label}” is no label. Use up to 32 of a-z, 0-9 and the hyphen.", rows.line_num
            )
        network = of_row(rows, text, label)
        first = seen.setdefault(network[:3], rows.line_num)
        if first != rows.line_num:
            raise Unfit(f"{text} is in line {first} as well. Keep one of them.", rows.line_num)
        yield network


def of_row(rows, text: str, label: str) -> Network:
    try:
        return Network(*read_network(text), label)
    except ValueError as problem:
        raise Unfit(str(problem), rows.line_num) from None


def ranges_of(networks: Iterator[Network]) -> Ranges:
    try:
        ranges = Ranges(networks)
    except csv.Error as problem:
        raise Unfit(f"It is no CSV: {problem}.") from None
    except Unfit:
        raise
    except ValueError as problem:
        raise Unfit(str(problem)) from None
    if not ranges.networks:
        raise Unfit("It lists no network. It may have been cut off; fetch it again.")
    return ranges


def look_up(text: str) -> tuple[str, str]:
    address = read_address(text)
    if address is None:
        return "", ""
    # The narrowest network of all lists; of the same one, what an operator wrote comes first.
    found = NETWORKS.value.find(address)
    listed = EGRESS.value.find(address)
    return (listed if listed.bits > found.bits else found).label, truncate(address)


def remembered() -> Callable[[str], tuple[str, str]]:
    return lru_cache(maxsize=16_384)(look_up)  # mail proxies come from few addresses


_look_up = remembered()


def locate(text: str) -> tuple[str, str]:
    """(network label, truncated network) of an address: ("google", "66.249.80.0/24").

    What is no address (a Unix socket's peer) has neither.
    """
    return _look_up(text[:LONGEST])  # the text may be a client's own, and as long as it likes


def look_anew():
    """Other lists are in force. Not by emptying the memory: a thread that is just looking
    something up would put the old label back."""
    global _look_up
    _look_up = remembered()


NETWORKS = DataFile("networks.csv", read_networks, taken_up=look_anew)
EGRESS = DataFile("egress-ip-ranges.csv", read_egress, without=Ranges(), taken_up=look_anew)
