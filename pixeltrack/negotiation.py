from rest_framework.negotiation import DefaultContentNegotiation

from accounts.media_types import PROBLEM


class ContentNegotiation(DefaultContentNegotiation):
    """Who accepts problems accepts JSON, too: what goes well is no problem, and plain JSON."""

    def get_accept_list(self, request):
        return [json_for_problem(each) for each in super().get_accept_list(request)]


def json_for_problem(media_type: str) -> str:
    """`application/problem+json;q=0.9` → `application/json;q=0.9`; any other as it is."""
    name, semicolon, parameters = media_type.partition(";")
    if name.strip().lower() == PROBLEM:
        name = "application/json"
    return name + semicolon + parameters
