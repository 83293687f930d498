"""Page views in quarantine: they go with their visitor, and are counted as what they are."""

from uuid import uuid4

import msgpack
import pytest

from accounts.tests.people import client_of, make_user
from tracking.hit import Hit
from tracking.metrics import RECORDED, RECORDED_VIEWS
from tracking.models import ErasedVisitor, QuarantinedHit, Visitor
from tracking.models import quarantine as quarantine_module
from tracking.page_views.hit import ViewHit
from tracking.settle import settle

pytestmark = pytest.mark.django_db
NEVER = 10**18  # a year that no calendar has
ADA = "user of Ada "


def a_view(user=ADA) -> ViewHit:
    return ViewHit(uuid4().bytes, "home", user, NEVER, "example.com")


def a_hit(agent=ADA) -> Hit:
    return Hit(uuid4().bytes, b"p" * 16, NEVER, user_agent=agent)


def put(*hits):
    for hit in hits:
        QuarantinedHit.objects.put(hit.event_id, hit.packed, ValueError())


def kept() -> set[bytes]:
    return set(map(bytes, QuarantinedHit.objects.values_list("packed", flat=True)))


def test_an_erased_visitors_views_in_quarantine_go_and_no_others(monkeypatch):
    monkeypatch.setattr(quarantine_module, "READ_AT_ONCE", 2)
    others = [a_view("ada"), a_hit(), a_view(ADA.strip()), a_view("page"), a_hit("home")]
    views = [a_view() for _ in range(5)]
    garbage = [b"", b"garbage", msgpack.packb(7), msgpack.packb([ViewHit.FORMAT, "home"])]
    put(views[0], others[0], views[1], views[2], *others[1:], *views[3:])
    for each in garbage:
        QuarantinedHit.objects.put(uuid4().bytes, each, ValueError())
    assert not Visitor.objects.erase(ADA)
    assert kept() == {*garbage, *(hit.packed for hit in others)}


def test_a_view_goes_also_where_only_a_part_of_it_is_right():
    for fields in (["home", ADA], ["home", ADA, NEVER, "", "more"], [None, ADA, "yesterday", 7]):
        packed = msgpack.packb([ViewHit.FORMAT, *fields])
        QuarantinedHit.objects.put(uuid4().bytes, packed, ValueError())
    Visitor.objects.erase(ADA)
    assert kept() == set()


def test_the_api_forgets_them_as_well():
    put(a_view())
    staff = client_of(make_user(is_superuser=True, is_staff=True))
    assert staff.post("/api/erased-visitors/", {"user_id": ADA}).status_code == 201
    assert kept() == set()


def test_a_view_that_fails_after_its_visitor_was_erased_is_not_kept_either():
    ErasedVisitor.objects.remember(ADA)  # as `erase` does first, and looks into the quarantine
    views = [a_view(), a_view("other")]
    settle([(hit.event_id, hit.packed) for hit in views])
    assert kept() == {views[1].packed}


def counted() -> tuple[float, float]:
    return tuple(each.labels("quarantined")._value.get() for each in (RECORDED, RECORDED_VIEWS))


@pytest.mark.parametrize(
    ("packed", "of_pixels", "of_pages"),
    [
        (a_hit().packed, 1, 0),
        (a_view().packed, 0, 1),
        (msgpack.packb([ViewHit.FORMAT, "home"]), 0, 1),
        (msgpack.packb([99, "home"]), 1, 0),
        (msgpack.packb([[], "home"]), 1, 0),
        (b"garbage", 1, 0),
        (b"", 1, 0),
    ],
)
def test_what_goes_into_quarantine_is_counted_by_its_kind(packed, of_pixels, of_pages):
    hits, views = counted()
    settle([(uuid4().bytes, packed)])
    assert counted() == (hits + of_pixels, views + of_pages)
