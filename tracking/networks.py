"""From a full address to what may leave the web process: a label and a truncated network."""

import csv
from bisect import bisect_right
from functools import cache, lru_cache
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path

from accounts.client_address import read_address, truncate

RANGES = Path(__file__).parent / "data" / "networks.csv"


class RangeList:
    """Labelled address ranges of one IP version, none inside another, found by bisection."""

    def __init__(self, ranges):
        """`ranges`: (first address, last address, label) as (int, int, str)."""
        ranges = sorted(ranges)
        for before, after in pairwise(ranges):
            if before[1] >= after[0]:
                raise ValueError(f"Ranges overlap: those of {before[2]} and of {after[2]}.")
        self.firsts = [first for first, _, _ in ranges]
        self.lasts = [last for _, last, _ in ranges]
        self.labels = [label for _, _, label in ranges]

    def label(self, address: int) -> str:
        """The label of the range that holds the address, or an empty text."""
        position = bisect_right(self.firsts, address) - 1
        if position >= 0 and address <= self.lasts[position]:
            return self.labels[position]
        return ""


def read_ranges(path: Path) -> dict[int, RangeList]:
    """IP version → its ranges, from a CSV file with the columns `network` (CIDR) and `label`."""
    ranges = {4: [], 6: []}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            network = ip_network(row["network"])
            ends = int(network.network_address), int(network.broadcast_address)
            ranges[network.version].append((*ends, row["label"]))
    return {version: RangeList(found) for version, found in ranges.items()}


@cache
def known_ranges() -> dict[int, RangeList]:
    return read_ranges(RANGES)


@lru_cache(maxsize=16_384)  # mail proxies come from few addresses
def locate(text: str) -> tuple[str, str]:
    """(network label, truncated network) of an address: ("google", "66.249.80.0/24").

    What is no address (a Unix socket's peer) has neither.
    """
    address = read_address(text)
    if address is None:
        return "", ""
    return known_ranges()[address.version].label(int(address)), truncate(address)
