"""Rows as long as they may be, many of them: more than one statement takes."""

import json

import pytest

from campaigns.models import Contact
from campaigns.tests.factories import make_campaign
from campaigns.tests.importing import figures, take_in

pytestmark = pytest.mark.django_db(transaction=True)  # MySQL drops the connection over it
ROWS, LONG = 300, "y" * 60_000


@pytest.fixture
def campaign():
    return make_campaign(group_names=("A",))


def lines(email: str, note: str) -> str:
    rows = [{"email": email.format(number), "note": note} for number in range(ROWS)]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def test_long_rows_that_are_rejected_are_reported(campaign):
    job = take_in(campaign, lines("bad", LONG))
    assert figures(job) == {"rows": ROWS, "rejected": ROWS}
    assert job.reported_rows.order_by("-line").first().row == {"email": "bad", "note": LONG}


def test_long_rows_bring_contacts_up_to_date(campaign):
    take_in(campaign, lines("a{}@example.com", "short"))
    job = take_in(campaign, lines("a{}@example.com", LONG))
    assert figures(job) == {"rows": ROWS, "updated": ROWS}
    assert Contact.objects.order_by("-pk").first().extra == {"note": LONG}
