"""The DNS of the containers: at 127.0.0.11 in each of them, as Docker's is."""

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Callable

HEAD = struct.Struct("!6H")
ADDRESS_RECORD, INTERNET = 1, 1
ANSWER, NO_SUCH_NAME = 0x8580, 0x8583  # authoritative; recursion, which clients ask for, is there


class NameServer(threading.Thread):
    """Answers whoever asks with the addresses that it may see."""

    def __init__(self):
        super().__init__(name="name server", daemon=True)
        self._ending = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()

    def listen(self, asked: socket.socket, resolve: Callable[[str], list[str] | None]):
        """Answer what comes in there by `resolve`: a name's addresses; None of an unknown one."""
        with self._lock:
            self._selector.register(asked, selectors.EVENT_READ, resolve)

    def forget(self, asked: socket.socket):
        with self._lock:
            self._selector.unregister(asked)
            asked.close()

    def end(self):
        self._ending.set()
        self.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def run(self):
        while not self._ending.is_set():
            ready = self._selector.select(0.2)
            with self._lock:
                for key, _ in ready:
                    with contextlib.suppress(OSError, ValueError):
                        question, sender = key.fileobj.recvfrom(512)
                        key.fileobj.sendto(answer(question, key.data), sender)


def answer(message: bytes, resolve) -> bytes:
    number, _, questions, *_ = HEAD.unpack_from(message)
    labels, at = [], HEAD.size
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode("ascii").lower())
        at += 1 + length
    kind, _ = struct.unpack_from("!2H", message, at + 1)
    question = message[HEAD.size : at + 5]
    addresses = resolve(".".join(labels))
    flags = NO_SUCH_NAME if addresses is None else ANSWER
    records = [
        # The name is the one at byte 12; it holds for no time at all.
        struct.pack("!3HIH", 0xC00C, ADDRESS_RECORD, INTERNET, 0, 4) + socket.inet_aton(address)
        for address in (addresses if kind == ADDRESS_RECORD and addresses else [])
    ]
    head = HEAD.pack(number, flags, questions, len(records), 0, 0)
    return head + question + b"".join(records)
