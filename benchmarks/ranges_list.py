"""A list like Apple's, the addresses that are looked up in it, and how long that takes."""

import time
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from random import Random
from statistics import median

LOOKUPS = 50_000
BATCH = 1_000  # lookups between two looks at the clock
IPV4_PART = 5  # every fifth network, about as in Apple's list
NESTED = 20  # every twentieth lies in the one before it


def generated(number: int) -> list[str]:
    """So many lines in Apple's format; no two networks touch, so that nothing can be joined."""
    random, lines = Random(7), []  # nosec B311 # makes a list, keeps no secret
    four, six = int(IPv4Address("1.0.0.0")), int(IPv6Address("2a00::"))
    for line in range(number):
        if line % IPV4_PART == 0:
            bits = random.choice((28, 29, 30, 31, 32))
            four = ((four >> 32 - bits) + 2) << 32 - bits  # leaves a gap
            network = f"{IPv4Address(four)}/{bits}"
            four += (1 << 32 - bits) + random.randrange(1, 8_000)
        elif line % NESTED == NESTED - 1:
            network = f"{IPv6Address(six + random.randrange(1, 1 << 16))}/128"
        else:
            bits = random.choice((45, 64, 64, 64, 64, 64))
            six = ((six >> 128 - bits) + 2) << 128 - bits
            network = f"{IPv6Address(six)}/{bits}"
        lines.append(f"{network},US,US-CA,Los Angeles,")
    return sorted(lines)  # as text, so not by address


def wanted(path: Path) -> dict[str, list]:
    """Addresses in networks of the list, and anywhere."""
    random = Random(11)  # nosec B311 # as above
    lines = path.read_text().splitlines()
    listed = [line.partition("/")[0] for line in random.choices(lines, k=10 * LOOKUPS)]
    anywhere = [IPv4Address(random.randrange(1 << 32)) for _ in range(LOOKUPS)]
    anywhere += [IPv6Address((0x2A << 120) + random.randrange(1 << 112)) for _ in anywhere]
    random.shuffle(anywhere)
    return {
        "IPv4": [IPv4Address(each) for each in listed if ":" not in each][:LOOKUPS],
        "IPv6": [IPv6Address(each) for each in listed if ":" in each][:LOOKUPS],
        "anywhere": anywhere[:LOOKUPS],
    }


def microseconds(call, arguments: list) -> float:
    """Of CPU time for one call, which other work beside it spoils less; the median of batches."""
    taken = []
    for start in range(0, len(arguments) - BATCH + 1, BATCH):
        some = arguments[start : start + BATCH]
        begun = time.thread_time_ns()
        for each in some:
            call(each)
        taken.append((time.thread_time_ns() - begun) / len(some) / 1000)
    return median(taken)
