import http.client
from urllib.parse import urlsplit

from django.conf import settings

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # nosec B104 # compared, not bound


def web_answers() -> bool:
    """Whether the web server of this machine does, by one of its workers."""
    host = EVERYWHERE.get(settings.HOST, settings.HOST)
    connection = http.client.HTTPConnection(host, settings.PORT, timeout=1)
    try:
        connection.request(
            "GET", "/healthz", headers={"Host": urlsplit(settings.PUBLIC_URL).netloc}
        )
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
