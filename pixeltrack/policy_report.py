"""/csp-report: what browsers refused to do, because a page's Content-Security-Policy forbids it.

Anybody may send anything here. So what is logged and counted is of a few known words, and of the
document only its route: "admin/campaigns/campaign/<path:object_id>/change/" names the page, and no
person. What was refused can be an address that holds anything: it isn't looked at.
"""

import json
import logging
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from prometheus_client import Counter

from accounts.throttle import NetworkThrottle

log = logging.getLogger(__name__)
MOST_BYTES = 16_384
DIRECTIVES = frozenset(
    f"{kind}{part}"
    for kind, parts in {
        "script-src": ("", "-elem", "-attr"),
        "style-src": ("", "-elem", "-attr"),
        "base-uri": ("",),
        "connect-src": ("",),
        "default-src": ("",),
        "font-src": ("",),
        "form-action": ("",),
        "frame-ancestors": ("",),
        "frame-src": ("",),
        "img-src": ("",),
        "manifest-src": ("",),
        "media-src": ("",),
        "object-src": ("",),
        "worker-src": ("",),
    }.items()
    for part in parts
)
REPORTS = Counter(
    "pixeltrack_policy_reports_total",
    "What browsers refused, by the directive of the Content-Security-Policy",
    ["directive"],
)


class PolicyReportThrottle(NetworkThrottle):
    scope = "policy_report"
    rate = "60/hour"


@csrf_exempt
@require_POST
def policy_report(request):
    """204, or 400 for what is no report. Beyond the rate it is neither read nor counted."""
    if not PolicyReportThrottle().allow_request(request, None):
        return HttpResponse(status=429)
    try:
        directive, where = read(request.read(MOST_BYTES + 1))
    except (AttributeError, KeyError, TypeError, ValueError):
        return HttpResponse(status=400)
    REPORTS.labels(directive).inc()
    log.warning("Content-Security-Policy: a browser refused %s on %s", directive, where)
    return HttpResponse(status=204)


def read(body: bytes) -> tuple[str, str]:
    """The directive, one that we know or "other", and the document's route."""
    if len(body) > MOST_BYTES:
        raise ValueError
    report = json.loads(body)["csp-report"]
    directive = report.get("effective-directive") or report["violated-directive"].partition(" ")[0]
    return directive if directive in DIRECTIVES else "other", route_of(report["document-uri"])


def route_of(address: str) -> str:
    try:
        return resolve(urlsplit(address).path).route or "/"
    except Resolver404:
        return "no page of ours"
