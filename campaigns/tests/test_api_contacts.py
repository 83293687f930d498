import pytest
from django.conf import settings

from accounts.tests.people import assert_problem
from campaigns.models import Contact, Pixel
from campaigns.tests.house import House
from campaigns.token import read_token

pytestmark = pytest.mark.django_db
URL = "/api/contacts/"


def add(house, **body):
    return house.client.post(URL, {"group": house.group.pk, "email": "ada@example.com", **body})


def test_a_contact_gets_its_pixels_at_once(house):
    response = add(house, name="Ada", external_id="7", scheduled_at="2026-03-01T08:00:00Z")
    assert response.status_code == 201
    made = response.json()
    pixels = made.pop("pixels")
    assert made == {
        "id": made["id"],
        "group": house.group.pk,
        "email": "ada@example.com",
        "name": "Ada",
        "external_id": "7",
        "scheduled_at": "2026-03-01T08:00:00Z",
        "sent_at": None,
        "extra": {},
        "created_at": made["created_at"],
        "erased_at": None,
    }
    assert [pixel["number"] for pixel in pixels] == [1, 2]
    for pixel in pixels:
        assert pixel["contact"] == made["id"]
        token = pixel["url"].removeprefix(f"{settings.PUBLIC_URL}/p/").removesuffix(".gif")
        assert read_token(token) == Pixel.objects.get(pk=pixel["id"]).uuid.bytes
        assert pixel["html"].startswith(f'<img src="{settings.PUBLIC_URL}/p/')


def test_the_domain_is_kept_in_lower_case_and_the_rest_as_given(house):
    assert add(house, email=" Ada.L@EXAMPLE.com ").json()["email"] == "Ada.L@example.com"


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@EXAMPLE.COM", " Ada@example.com"])
def test_a_group_has_an_address_once(house, email):
    add(house)
    response = add(house, email=email)
    assert_problem(response, 400, "unique", "email")
    assert response.json()["detail"] == "email: The group has a contact with that address already."
    assert add(house, email=email, group=house.other_group.pk).status_code == 201


def test_an_address_can_not_become_that_of_a_neighbour(house):
    add(house)
    address = house.addresses()["contacts"]
    assert_problem(
        house.client.patch(address, {"email": "ADA@example.com"}), 400, "unique", "email"
    )


def test_an_address_is_corrected_and_found_under_its_new_key(house):
    address = house.addresses()["contacts"]
    assert house.client.patch(address, {"email": "New@Example.com"}).status_code == 200
    assert Contact.objects.get(email_key="new@example.com").email == "New@example.com"


def test_two_requests_at_once_with_one_address_make_one_contact(house, monkeypatch):
    """Both find the address free; what the database then says is told as validation would."""
    add(house)
    checks = []

    def blind_once(self, exclude=None):
        checks.append(self.email)
        if len(checks) > 1:
            original(self, exclude)

    original = Contact.validate_constraints
    monkeypatch.setattr(Contact, "validate_constraints", blind_once)
    assert_problem(add(house), 400, "unique", "email")
    assert Contact.objects.filter(email_key="ada@example.com").count() == 1


def test_a_contact_stays_in_its_group(house):
    address = house.addresses()["contacts"]
    response = house.client.patch(address, {"group": house.other_group.pk})
    assert_problem(response, 400, "immutable", "group")
    elsewhere = House(house.user)
    assert_problem(
        house.client.patch(address, {"group": elsewhere.group.pk}), 400, "immutable", "group"
    )
    assert house.client.patch(address, {"group": house.group.pk}).status_code == 200


def test_a_contact_goes_with_its_pixels(house):
    assert house.client.delete(house.addresses()["contacts"]).status_code == 204
    assert not Pixel.objects.exists()


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"email": "no address"}, "invalid", "email"),
        ({"email": "a" * 250 + "@example.com"}, "max_length", "email"),
        ({"email": "a\0@example.com"}, "null_characters_not_allowed", "email"),
        ({"email": None}, "null", "email"),
        ({"email": ["ada@example.com"]}, "invalid", "email"),
        ({"group": "abc"}, "invalid", "group"),
        ({"group": 1.5}, "invalid", "group"),
        ({"group": True}, "invalid", "group"),
        ({"group": None}, "null", "group"),
        ({"group": {}}, "invalid", "group"),
        ({"group": 2**63}, "does_not_exist", "group"),
        ({"group": -1}, "does_not_exist", "group"),
        ({"group": 10**400}, "does_not_exist", "group"),
        ({"group": "9" * 2000}, "max_string_length", "group"),
        ({"scheduled_at": "0001-01-01T00:00:00Z"}, "year", "scheduled_at"),
        ({"scheduled_at": "9999-12-31T23:59:59Z"}, "year", "scheduled_at"),
        ({"scheduled_at": 1e300}, "invalid", "scheduled_at"),
        ({"sent_at": []}, "invalid", "sent_at"),
    ],
)
def test_odd_values_are_refused_at_their_field(house, body, code, field):
    assert_problem(add(house, **body), 400, code, field)


def test_the_pixel_of_a_contact_is_not_set_through_the_contact(house):
    response = add(house, pixels=[{"number": 7, "uuid": "x"}])
    assert [pixel["number"] for pixel in response.json()["pixels"]] == [1, 2]
