"""A TCP proxy before MariaDB that can cut a connection at the COMMIT of recorded openings."""

import contextlib
import socket
import threading

INSERT = b"INSERT INTO `tracking_opening`"
COMMIT = b"\x03COMMIT"  # a packet of MySQL's protocol without its 4 bytes of length and number


class CommitCutter:
    def __init__(self, upstream: int):
        self._upstream = upstream
        self._cut: str | None = None
        self.done = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, when: str):
        """The next such COMMIT: "before" it gets to the server, or "after", and then its
        answer gets to nobody."""
        self.done.clear()
        self._cut = when

    def _accept(self):
        while True:
            client, _ = self._listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self._upstream))
            except OSError:
                client.close()
                continue
            link = Link(self, client, server)
            for pump in (link.pass_questions, link.pass_answers):
                threading.Thread(target=pump, daemon=True).start()

    def take_order(self) -> str | None:
        order, self._cut = self._cut, None
        return order


class Link:
    """One connection of a client, passed on."""

    def __init__(self, cutter: CommitCutter, client: socket.socket, server: socket.socket):
        self._cutter, self._client, self._server = cutter, client, server
        self._has_openings = False
        self._is_to_end = False  # with the server's next word

    def pass_questions(self):
        seen = b""
        with contextlib.suppress(OSError):
            while data := self._client.recv(65536):
                seen = (seen + data)[-len(data) - len(INSERT) :]
                self._has_openings |= INSERT in seen
                if self._has_openings and data[4:].upper() == COMMIT:
                    self._has_openings = False
                    order = self._cutter.take_order()
                    if order == "before":
                        self._cutter.done.set()
                        break
                    self._is_to_end = order == "after"
                self._server.sendall(data)
        self._hang_up()

    def pass_answers(self):
        with contextlib.suppress(OSError):
            while data := self._server.recv(65536):
                if self._is_to_end:
                    self._cutter.done.set()
                    break
                self._client.sendall(data)
        self._hang_up()

    def _hang_up(self):
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
