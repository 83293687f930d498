"""Ways to find the network of an address among hundreds of thousands: ours, and what it is measured
beside. Each reads Apple's kind of list and answers with the label of the narrowest network.

    python -m benchmarks.ranges_sides WAY PATH

measures one, in this process alone, and prints it as JSON.
"""

import csv
import gc
import json
import sys
import time
from collections.abc import Callable
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import chain
from pathlib import Path

from radix import Radix

from benchmarks.ranges_list import microseconds, wanted
from tracking.networks import RELAY, read_egress

PAGE = 4096
Find = Callable[[IPv4Address | IPv6Address], str]


def arrays(rows) -> Find:
    """PixelTrack's own: sorted arrays, bisection."""
    ranges = read_egress(rows)
    return lambda address: ranges.find(address).label


def radix_tree(rows) -> Find:
    """py-radix: a radix tree in C."""
    tree = Radix()
    for row in csv.reader(rows):
        tree.add(row[0]).data["label"] = RELAY

    def find(address) -> str:
        node = tree.search_best(packed=address.packed)
        return node.data["label"] if node else ""

    return find


def dictionaries(rows) -> Find:
    """Plain Python: a dictionary for each length of a prefix, the longest asked first."""
    found: dict[tuple[int, int], dict[int, str]] = {}
    for row in csv.reader(rows):
        network = ip_network(row[0])
        labels = found.setdefault((network.version, network.prefixlen), {})
        labels[int(network.network_address)] = RELAY
    tables = {
        version: [
            ((1 << width) - (1 << width - bits), found[version, bits])
            for bits in range(width, -1, -1)
            if (version, bits) in found
        ]
        for version, width in ((4, 32), (6, 128))
    }

    def find(address) -> str:
        number = int(address)
        for mask, labels in tables[address.version]:
            if label := labels.get(number & mask):
                return label
        return ""

    return find


SIDES = {each.__name__: each for each in (arrays, radix_tree, dictionaries)}


def measure(name: str, path: Path) -> dict:
    """Seconds (CPU) to load, MiB that the process grows by, microseconds for a lookup."""
    gc.collect()
    before, begun = resident(), time.process_time()
    with path.open(newline="") as rows:
        find = SIDES[name](rows)
    seconds = time.process_time() - begun
    gc.collect()
    found = {"load": seconds, "memory": resident() - before}
    addresses = wanted(path)
    found |= {kind: microseconds(find, each) for kind, each in addresses.items()}
    answers = ",".join(map(find, chain.from_iterable(addresses.values())))
    return found | {"answers": blake2b(answers.encode()).hexdigest()}


def resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
