"""NGINX with the very `nginx.conf` that stands in front of the web replicas in earnest."""

import os
import re
import ssl
from datetime import UTC, datetime, timedelta
from json import loads
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.services import Service, bare_environment, find, free_port, listens

CONFIGURATION = Path(__file__).parent.parent / "nginx.conf"
REPLICA = re.compile(r"^( +)server web:8000 (.*)$", re.MULTILINE)
LOGGED = {
    *("time", "network", "method", "route", "protocol", "status", "bytes"),
    *("seconds", "rate_limit", "connection_limit"),
    *("upstream", "upstream_status", "upstream_seconds"),
}
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class NGINX(Service):
    """`NGINX(folder, replicas)`: in front of web servers on these ports, which are all that differs
    from `nginx.conf`, with the ports that it listens on and the folders that it uses.

    `static` is the folder that holds `static/`; `tls` switches the lines for HTTPS on, which are
    comments in the file; `unlimited` is a network whose rate isn't limited.
    """

    def __init__(
        self, folder: Path, replicas, *, name="nginx-0", static=None, tls=False, unlimited=""
    ):
        self.port, other, self.status_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.place = folder / name
        self.place.mkdir()
        self.tls_port = free_port() if tls else None
        text = CONFIGURATION.read_text()
        servers = "\n".join(rf"\1server 127.0.0.1:{port} \2" for port in replicas)
        text = replace_once(text, REPLICA, servers)
        text = put(text, "listen 80 ", f"listen 127.0.0.1:{self.port} ")
        text = put(text, "listen 8000 ", f"listen 127.0.0.1:{other} ")
        text = put(text, "listen 8081;", f"listen 127.0.0.1:{self.status_port};")
        text = put(text, "/srv/pixeltrack", str(static or self.place))
        folders = "".join(f"\n    {each}_temp_path {self.place / each};" for each in TEMPORARY)
        text = put(text, "\nhttp {", f"\nhttp {{{folders}")
        if unlimited:
            text = put(text, "# 192.0.2.0/24 0;", f"{unlimited} 0;")
        if tls:
            make_certificate(self.place)
            text = put(text, "# listen 443 ", f"listen 127.0.0.1:{self.tls_port} ")
            text = put(text, "# ssl_certificate /etc/nginx/tls/", f"ssl_certificate {self.place}/")
            text = put(
                text, "# ssl_certificate_key /etc/nginx/tls/", f"ssl_certificate_key {self.place}/"
            )
            text = put(text, "# ssl_session_cache", "ssl_session_cache")
        self.configuration = self.place / "nginx.conf"
        self.configuration.write_text(text)
        # Root's own folders, where the tests live, are closed to the user that the workers take.
        us = "user root; " if os.getuid() == 0 else ""
        options = f"daemon off; pid {self.place}/nginx.pid; {us}"
        command = [find("nginx"), "-e", "stderr", "-c", self.configuration, "-g", options]
        super().__init__(name, command, folder, bare_environment())

    def start(self):
        super().start()
        return self.wait_for(lambda: listens(self.port))

    def stop(self, *how, **more) -> int | None:
        """It writes what it has still to log, which it else keeps back for a second. Beside the
        access log, which names nobody, there must be nothing."""
        status = super().stop(*how, **more)
        said = [line for line in self.text().splitlines() if not line.startswith("{")]
        assert [line for line in said if "setrlimit" not in line] == []
        for line in self.access_log():
            assert line.keys() == LOGGED
            assert line["network"] == "127.0.0.0/24"
        return status

    def access_log(self) -> list[dict]:
        return [loads(line) for line in self.text().splitlines() if line.startswith("{")]


def put(text: str, old: str, new: str) -> str:
    """`new` in the place of `old`, which must be there once: the file may change."""
    assert text.count(old) == 1, f"{old!r} is in nginx.conf {text.count(old)} times"
    return text.replace(old, new)


def replace_once(text: str, pattern: re.Pattern, new: str) -> str:
    text, count = pattern.subn(new, text)
    assert count == 1, f"{pattern.pattern!r} is in nginx.conf {count} times"
    return text


def make_certificate(folder: Path):
    """A certificate for localhost that nobody has signed, as nginx.conf names it, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def trusting_nobody() -> ssl.SSLContext:
    """For a connection to a server whose certificate nobody has signed."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
