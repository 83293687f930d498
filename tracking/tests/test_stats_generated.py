"""Whatever is asked of `GET /stats`: it is answered, or refused as the asker's fault."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.thorough import THOROUGH
from tracking.page_views.record import record_views
from tracking.page_views.statistics import PARAMETERS
from tracking.tests.applications import ask
from tracking.tests.test_page_view_record import view

pytestmark = pytest.mark.django_db(transaction=True)
EXAMPLES = 1_000 if THOROUGH else 40

EDGES = ["0001-01-01T00:00:00", "1999-12-31T23:59:59", "2000-01-01T00:00:00", "9998-12-31T23:59:59"]
EDGES += ["9999-12-31T23:59:59.999999", "2026-02-29T24:00:00", "2026-W09-1T12", "10000-01-01T00:00"]
ZONES = ["Z", "", "+00:00", " 00:00", "+23:59", "-23:59", "-23:00", "+14", "+99:99", "+24:00"]
moments = st.builds(
    "{}{}".format,
    st.sampled_from(EDGES) | st.datetimes().map(lambda moment: moment.isoformat()),
    st.sampled_from(ZONES),
)
numbers = st.integers(-(2**70), 2**70).map(str)
VALUES = {
    "page_id": st.text(max_size=260),
    "by": st.just("page"),
    "page_size": st.integers(0, 1_001).map(str),
    "after": st.builds("{}-{}".format, numbers, numbers),
    "bucket": st.just("hour"),
    "from": moments,
    "to": moments,
}
anything = st.one_of(numbers, st.text(max_size=20), st.sampled_from(["page", "hour", "", "0-0"]))
sensible = st.fixed_dictionaries({}, optional=VALUES).map(urlencode)
hours = st.fixed_dictionaries({"bucket": st.just("hour"), "to": moments}).map(urlencode)
odd = st.lists(st.tuples(st.sampled_from([*PARAMETERS, "", "x"]), anything), max_size=25)
broken = st.lists(st.sampled_from(["%", "%FF", "%ED%A0%80", "%00", "=", "&", "+", ";", "by", "\0"]))
queries = st.one_of(
    st.one_of(sensible, hours, odd.map(urlencode), broken.map("".join)).map(str.encode),
    st.builds("page_id={}".format, st.text(max_size=9).map(quote)).map(str.encode),
    st.binary(max_size=60),
)


@pytest.fixture
def a_view(redis_client):
    record_views([view("home")])


@pytest.mark.parametrize("application", ["lane", "plain view"])
@example(query=b"bucket=hour&to=9999-12-31T23:59:59-23:00")
@example(query=b"by=page&after=99999999999999999999-1")
@given(query=queries)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_question_is_our_fault(a_view, application, query):
    # What fails in the lane is raised.
    status, _, _ = ask(application, "GET", "/stats", query=query)
    assert status in (200, 400)
