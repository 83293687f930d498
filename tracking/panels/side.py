"""Whose openings the figures are of: all, or those by people and on their behalf. Whoever chose
once sees it that way on every page."""

from enum import StrEnum

from django.http import HttpRequest, HttpResponseRedirect

ASKED = "figures"  # in the address
COOKIE = "figures"
A_YEAR_S = 365 * 86_400


class Side(StrEnum):
    VERIFIED = "verified"
    RAW = "raw"

    @classmethod
    def of(cls, request: HttpRequest) -> "Side":
        chosen = request.COOKIES.get(COOKIE)
        return cls(chosen) if chosen in set(cls) else cls.VERIFIED

    @property
    def versus(self) -> str:
        return "versus_control" if self is Side.VERIFIED else "versus_control_raw"

    @property
    def explained(self) -> str:
        if self is Side.VERIFIED:
            return "Opened by a person, or by an image proxy on behalf of one."
        return "Whoever or whatever opened, machines too: scanners, prefetchers, programs."


def chosen(request: HttpRequest) -> HttpResponseRedirect | None:
    """To the same page without the choice in its address, which would hold for ever there."""
    if request.method != "GET" or request.GET.get(ASKED) not in set(Side):
        return None
    reply = HttpResponseRedirect(request.path)
    reply.set_cookie(
        COOKIE,
        request.GET[ASKED],
        max_age=A_YEAR_S,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return reply
