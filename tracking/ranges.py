"""Labelled networks by the hundred thousand, found by bisection in compact arrays."""

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from heapq import merge
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

WIDTHS = {4: 32, 6: 128}
HALF = (1 << 64) - 1
MOST_FINDS = 65_535  # what an array of 16 bits can number
SORTED_AT_ONCE = 10_000
TURN = 250  # a millisecond or two
REST_S = 0.000_1


class Network(NamedTuple):
    version: int
    first: int  # its first address
    bits: int  # how long its prefix is
    label: str


class Found(NamedTuple):
    """The narrowest network around an address."""

    bits: int
    label: str


NOWHERE = Found(-1, "")


def read_network(text: str) -> tuple[int, int, int]:
    """(version, first address, length of the prefix) of "192.0.2.0/24"; ValueError, which says
    what is wrong with it."""
    address, _, length = text.partition("/")
    version = 6 if ":" in address else 4
    try:
        packed = inet_pton(AF_INET6 if version == 6 else AF_INET, address)
    except OSError:
        raise ValueError(f"“{text}” is no network. Write it as 192.0.2.0/24.") from None
    width = WIDTHS[version]
    if not (length.isascii() and length.isdecimal() and int(length) <= width):
        raise ValueError(f"“{text}” has no length from 0 to {width} after the slash. Add one.")
    first, bits = int.from_bytes(packed), int(length)
    if first & ((1 << width - bits) - 1):
        raise ValueError(
            f"“{text}” has bits set beyond its length, so it may be meant otherwise. Write the "
            "first address of the network, or another length."
        )
    return version, first, bits


class Ranges:
    """Networks of both versions. They may lie in one another: the narrowest one decides."""

    def __init__(self, networks: Iterable[Network] = ()):
        """ValueError where there are more labels than can be told apart."""
        numbers: dict[Found, int] = {}
        # Of each network one number, not a tuple: hundreds of thousands of those would keep the
        # garbage collector busy, and with it the event loop beside.
        keys: dict[int, list[int]] = {version: [] for version in WIDTHS}
        for version, first, bits, label in in_turns(networks):
            number = numbers.setdefault(Found(bits, label), len(numbers) + 1)
            keys[version].append(first << 24 | bits << 16 | number)
        if len(numbers) > MOST_FINDS:
            raise ValueError("There are too many different labels. Use fewer.")
        self._finds = [NOWHERE, *numbers]
        self._stretches = {
            version: stretches_of(found, WIDTHS[version]) for version, found in keys.items()
        }
        self.networks = sum(map(len, keys.values()))

    def find(self, address: IPv4Address | IPv6Address) -> Found:
        """The narrowest network that holds the address, or NOWHERE."""
        return self._finds[self._stretches[address.version].number(int(address))]

    @property
    def bytes(self) -> int:
        """How much memory the arrays take."""
        return sum(stretches.bytes for stretches in self._stretches.values())


class Stretches:
    """From each start on, up to the next, all addresses have the same number. For addresses of 32
    bits."""

    def __init__(self):
        self._starts, self._numbers = array("I", [0]), array("H", [0])

    def number(self, address: int) -> int:
        return self._numbers[bisect_right(self._starts, address) - 1]

    def put(self, start: int, number: int):
        """Starts come in order; of those with the same one, the last counts."""
        if self._last() == start:
            self._pop()
        if not self._numbers or self._numbers[-1] != number:
            self._append(start)
            self._numbers.append(number)

    @property
    def bytes(self) -> int:
        arrays = (each for each in vars(self).values() if isinstance(each, array))
        return sum(each.itemsize * len(each) for each in arrays)

    def _last(self) -> int:
        return self._starts[-1] if self._starts else -1

    def _pop(self):
        self._starts.pop()
        self._numbers.pop()

    def _append(self, start: int):
        self._starts.append(start)


class WideStretches(Stretches):
    """For addresses of 128 bits: no array has such numbers, so each start is kept in two halves."""

    def __init__(self):
        self._highs, self._lows = array("Q", [0]), array("Q", [0])
        self._numbers = array("H", [0])

    def number(self, address: int) -> int:
        high, low = address >> 64, address & HALF
        end = bisect_right(self._highs, high)
        if self._lows[end - 1] > low and self._highs[end - 1] == high:
            # There are networks longer than /64 in this one: by the other half among them.
            begin = bisect_left(self._highs, high, 0, end)
            end = bisect_right(self._lows, low, begin, end)
        return self._numbers[end - 1]

    def _last(self) -> int:
        return self._highs[-1] << 64 | self._lows[-1] if self._highs else -1

    def _pop(self):
        self._highs.pop()
        self._lows.pop()
        self._numbers.pop()

    def _append(self, start: int):
        self._highs.append(start >> 64)
        self._lows.append(start & HALF)


def stretches_of(keys: list[int], width: int) -> Stretches:
    stretches = WideStretches() if width > 32 else Stretches()
    for start, number in in_turns(changes(keys, width)):
        if not start >> width:  # else the last network ends with the last address
            stretches.put(start, number)
    return stretches


def changes(keys: list[int], width: int) -> Iterator[tuple[int, int]]:
    """(address, number): from that address on, the number is that of the narrowest network."""
    around: list[tuple[int, int]] = []  # (end, number) of the networks that are open, inside last
    for key in in_order(keys):
        first, bits, number = key >> 24, key >> 16 & 0xFF, key & 0xFFFF
        while around and around[-1][0] <= first:
            yield close(around)
        yield first, number
        around.append((first + (1 << width - bits), number))
    while around:
        yield close(around)


def close(around: list[tuple[int, int]]) -> tuple[int, int]:
    end, _ = around.pop()
    return end, around[-1][1] if around else 0


def in_turns(items: Iterable) -> Iterator:
    """The same, with a short rest after every few hundred: an event loop in another thread of the
    process waits for milliseconds at most."""
    items = iter(items)
    while portion := list(islice(items, TURN)):
        yield from portion
        if len(portion) == TURN:
            time.sleep(REST_S)


def in_order(keys: list[int]) -> Iterable[int]:
    """Sorted in portions, between which other threads get their turn: one sort of all would stop
    an event loop for as long as it takes."""
    rest = iter(keys)
    portions = iter(lambda: sorted(islice(rest, SORTED_AT_ONCE)), [])
    return merge(*portions)
