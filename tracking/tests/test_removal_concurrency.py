"""What is deleted while a consumer is storing openings of it."""

import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection, transaction

from accounts.tests.staff import admin_client, page
from campaigns.models import Campaign, Removal
from campaigns.tests.house import House
from tracking.models import Opening

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANY = 40  # of two transactions in a deadlock, the database undoes the smaller one


def store(contact):
    """As a consumer does: the database locks the group, against a change of it."""
    Opening.objects.bulk_create(
        [
            Opening(
                event_id=uuid4(),
                pixel=contact.pixels.first(),
                contact=contact,
                group=contact.group,
                opened_at=NOON,
                verdict="human",
                reason="",
            )
        ]
    )


@pytest.mark.parametrize("way", ["api", "admin", "verb"])
def test_a_campaign_is_deleted_whose_groups_a_consumer_locks_the_other_way_round(admin_client, way):
    house = House()
    other = house.add_contact(house.other_group)
    answers = []

    def delete():
        try:
            if way == "api":
                answers.append(house.client.delete(house.addresses()["campaigns"]).status_code)
            elif way == "admin":
                address = page(Campaign, "delete", house.campaign.pk)
                answers.append(admin_client.post(address, {"post": "yes"}).status_code)
            else:
                house.campaign.remove()
        except Exception as error:
            answers.append(error)
        finally:
            connection.close()

    deleting = threading.Thread(target=delete)
    with transaction.atomic():
        for _ in range(MANY):
            store(other)
        deleting.start()
        deleting.join(0.5)  # it has locked the one group by then, and waits for the other
        store(house.contact)
    deleting.join()
    assert answers == {"api": [202], "admin": [302], "verb": []}[way]
    assert Removal.objects.count() == 1
    assert not Campaign.objects.exists()
