"""The URL map as a list, so that a test can ask for each route, and notice a new one."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLResolver, get_resolver
from rest_framework.test import APIRequestFactory

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Route:
    """One line of the URL map. `address` has its parameters as `<pk>`."""

    address: str
    view: Callable

    def __str__(self):
        return self.address

    @property
    def is_api(self) -> bool:
        return self.address.startswith("/api/")

    @property
    def kind(self) -> str:
        """What its first row is: "campaigns" for /api/campaigns/<pk>/groups/."""
        return self.address.split("/")[2] if self.is_api else ""

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"<(\w+)>", self.address)

    def methods(self) -> set[str]:
        """Those that REST framework would answer, HEAD and OPTIONS apart."""
        view = self.view
        names = getattr(view, "actions", None) or [
            name for name in view.cls.http_method_names if hasattr(view.cls, name)
        ]
        return {name.upper() for name in names} - {"HEAD", "OPTIONS"}

    def made_for(self, method: str, user=None, kind="application/json"):
        """The view as REST framework sets it up for a request with a body of this kind; the
        request isn't answered."""
        view = self.view.cls(**getattr(self.view, "initkwargs", {}))
        view.action_map = getattr(self.view, "actions", None)
        request = APIRequestFactory().generic(method, self.address, content_type=kind)
        view.setup(request)
        view.request = view.initialize_request(request)
        if user:
            view.request.user = user
        view.format_kwarg = None
        return view


def routes() -> list[Route]:
    """Every route but those of the admin, which knows of them by itself."""
    return list(walk(get_resolver().url_patterns))


def api_routes() -> list[Route]:
    return [route for route in routes() if route.is_api]


def admin_routes() -> list[Route]:
    [admin] = [each for each in get_resolver().url_patterns if is_admin(each)]
    return list(walk(admin.url_patterns, str(admin.pattern)))


def walk(patterns, prefix="") -> Iterator[Route]:
    for each in patterns:
        address = prefix + str(each.pattern)
        if is_admin(each):
            continue
        if isinstance(each, URLResolver):
            yield from walk(each.url_patterns, address)
        else:
            yield Route(readable(address), each.callback)


def is_admin(pattern) -> bool:
    return isinstance(pattern, URLResolver) and pattern.app_name == "admin"


def readable(pattern: str) -> str:
    """`^campaigns/(?P<pk>[^/.]+)/$` and `campaigns/<int:pk>/` are both /campaigns/<pk>/."""
    return re.sub(r"<\w+:(\w+)>", r"<\1>", simplify_regex(pattern)).replace(r"\.", ".")
