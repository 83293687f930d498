"""A campaign goes in the background, by a real worker and beat, whatever kills them."""

import pytest

from tests.services import wait_until
from tests.stack import WORKER
from tests.thorough import THOROUGH

CONTACTS, OPENED, STEP = 300, 120, 50
DEATHS = [("remover-in-step", 2), ("remover-after-step", 3)]  # where, and the steps that are done


def rows_of(stack, campaign: int) -> dict:
    """What the database still has of the campaign, seen or unseen, and what it counts."""
    return stack.shell(f"""
from django.db.models import Sum
from campaigns.models import Campaign, Contact, Group, Pixel
from tracking.models import ContactOpenings, Opening, OpeningCount
groups = list(Group.everything.filter(campaign={campaign}).values_list("pk", flat=True))
counted = OpeningCount.objects.filter(group__in=groups).aggregate(
    openings=Sum("openings"), contacts=Sum("first_openings")
)
contacts = Contact.objects.filter(group__in=groups)
answer = {{
    "campaigns": Campaign.everything.filter(pk={campaign}).count(),
    "groups": len(groups),
    "contacts": contacts.count(),
    "pixels": Pixel.objects.filter(contact__in=contacts).count(),
    "openings": Opening.objects.filter(group__in=groups).count(),
    "opened": ContactOpenings.objects.filter(contact__in=contacts).count(),
    "counted": counted["openings"] or 0,
    "counted_contacts": counted["contacts"] or 0,
}}
""")


def leave_a_removal_waiting(stack):
    """As other tests do on the same stack: no worker runs there, and this one comes first."""
    campaign = stack.post("/api/campaigns/", {"name": "Earlier"})["id"]
    [group] = stack.all("/api/groups/", campaign=campaign)
    stack.post("/api/contacts/", {"group": group["id"], "email": "earlier@example.com"})
    assert stack.client.delete(f"/api/campaigns/{campaign}/").status_code == 202


@pytest.mark.parametrize(("point", "steps"), DEATHS if THOROUGH else DEATHS[:1])
def test_a_killed_worker_loses_nothing_and_another_one_goes_on(stack, celery, points, point, steps):
    leave_a_removal_waiting(stack)
    campaign, pixels = stack.new_campaign(contacts=CONTACTS, pixels=1)
    for pixel in pixels[:OPENED]:
        assert stack.client.get(pixel["url"]).status_code == 200
    stack.settle()
    celery(stack, "beat", "pixeltrack", "beat", "--loglevel", "warning")
    dying = celery(stack, "dying-worker", "tests.faults.remover", *WORKER.split())
    points.arm(point, f"{campaign} 3")
    response = stack.client.delete(f"/api/campaigns/{campaign}/")
    assert response.status_code == 202
    at = response.headers["Location"]
    assert stack.client.get(f"/api/campaigns/{campaign}/").status_code == 404
    assert stack.openings(campaign=campaign) == []

    wait_until(lambda: dying.process.poll() is not None, what="the worker dies")
    # A pixel of what is left answers as ever, and counts no more.
    assert stack.client.get(pixels[-1]["url"]).content[:3] == b"GIF"
    stack.settle()
    removal, left = stack.get(at), rows_of(stack, campaign)
    assert (removal["state"], removal["contacts_total"]) == ("running", CONTACTS)
    assert removal["contacts_removed"] == steps * STEP
    assert removal["openings_total"] == OPENED
    assert left["contacts"] == left["pixels"] == CONTACTS - removal["contacts_removed"]
    assert left["openings"] == left["opened"] == OPENED - removal["openings_removed"]
    assert left["counted"] == left["counted_contacts"] == left["openings"]

    celery(stack, "worker", "pixeltrack", *WORKER.split())
    wait_until(lambda: stack.get(at)["state"] == "done", what="it is removed")
    removal = stack.get(at)
    assert (removal["percent"], removal["contacts_removed"]) == (100, CONTACTS)
    assert removal["openings_removed"] == OPENED
    assert set(rows_of(stack, campaign).values()) == {0}
