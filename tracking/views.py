from time import perf_counter

from django.http import HttpResponse

from tracking import verdict_data
from tracking.collect import collect, count
from tracking.fallback import lose, name_of
from tracking.hit import Hit
from tracking.kinds import NAMES
from tracking.metrics import COLLECT_SECONDS
from tracking.reply import GIF, HEADERS, NOT_ALLOWED_HEADERS, headers_after

SECONDS = COLLECT_SECONDS.labels(NAMES[Hit])


def pixel(request, token):
    """The plain view of a pixel: the same replies and hits as the express lane's."""
    if request.method not in ("GET", "HEAD"):
        return bare(405, b"", NOT_ALLOWED_HEADERS)
    if request.method == "HEAD":
        return bare(200, GIF, HEADERS)
    verdict_data.watch()  # where no lane has begun to
    begun = perf_counter()
    try:
        outcome = collect(Hit.from_request(request, token))
    except Exception as error:  # a client gets its GIF whatever goes wrong
        outcome = count(*lose(1, name_of(error)))
    SECONDS.observe(perf_counter() - begun)
    return bare(200, GIF, headers_after(outcome))


def bare(status, content, headers):
    """A response with these headers and no others."""
    response = HttpResponse(content, status=status, headers=headers)
    if "Content-Type" not in headers:
        del response["Content-Type"]
    return response
