from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings


class ContentSecurityMiddleware(CSPMiddleware):
    """The policy goes with pages. No other kind of answer runs or loads anything."""

    def process_response(self, request, response):
        if not response.get("Content-Type", "").startswith("text/html"):
            return response
        response = super().process_response(request, response)
        if policy := response.headers.get(HEADER):  # whose order is another one in each process
            response.headers[HEADER] = "; ".join(sorted(policy.split("; ")))
        return response

    def get_policy_parts(self, request, response, report_only=False):
        parts = super().get_policy_parts(request, response, report_only)
        if parts.replace is None and not report_only:
            parts.replace = replacements(request.path_info)
        return parts


def replacements(path: str) -> dict | None:
    by_prefix = settings.CONTENT_SECURITY_POLICY["BY_PREFIX"]
    return next((policy for prefix, policy in by_prefix.items() if path.startswith(prefix)), None)
