"""Which scripts, styles and pictures a page of ours may load: ours, and no inline ones.

Where code of others needs more, it gets no more than that, and says so below. `request.csp_nonce`
in a template lets one <script> or <style> through.
"""

from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF, UNSAFE_INLINE

DIRECTIVES = {
    "default-src": [NONE],
    "script-src": [SELF, NONCE],
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
    "report-uri": ["/csp-report"],
}
# REST framework's templates have style attributes, which no nonce lets through.
BROWSABLE_API = {"style-src-attr": [UNSAFE_INLINE]}
# Redoc writes its styles into the page, and its search is a worker in a blob. Its logo is on some
# other site, and refused each time: nothing that needs to be reported.
REDOC = {"style-src": [SELF, UNSAFE_INLINE], "worker-src": ["blob:"], "report-uri": None}


def sample_mail(public_url: str) -> dict:
    """The pixels stand there as they would in a mail: with style attributes, from PUBLIC_URL."""
    parts = urlsplit(public_url)
    return {
        "style-src-attr": [UNSAFE_INLINE],
        "img-src": [SELF, "data:", f"{parts.scheme}://{parts.netloc}"],
    }


def settings_of(public_url: str) -> dict:
    """For CONTENT_SECURITY_POLICY: what django-csp reads, and what differs by how a path begins."""
    return {
        "DIRECTIVES": DIRECTIVES,
        "BY_PREFIX": {
            "/api/": BROWSABLE_API,
            "/api-auth/": BROWSABLE_API,
            "/redoc": REDOC,
            "/sample/": sample_mail(public_url),
        },
    }
