import pytest

from accounts.tests.people import assert_problem
from campaigns.models import Pixel

pytestmark = pytest.mark.django_db
URL = "/api/pixels/"


def add(house, **body):
    return house.client.post(URL, {"contact": house.contact.pk, **body})


def test_a_pixel_gets_the_next_number(house):
    made = add(house)
    assert made.status_code == 201
    assert made.json().keys() == {"id", "contact", "number", "uuid", "url", "html"}
    assert made.json()["number"] == 3


def test_a_pixel_may_name_its_number(house):
    assert add(house, number=9).json()["number"] == 9
    assert add(house).json()["number"] == 10


def test_a_contact_has_each_number_once(house):
    assert_problem(add(house, number=1), 400, "unique", "number")


def test_the_numbers_end_at_a_hundred(house):
    assert add(house, number=100).status_code == 201
    assert_problem(add(house), 400, "max_value", "number")
    assert_problem(add(house, number=101), 400, "max_value", "number")
    assert_problem(add(house, number=0), 400, "min_value", "number")


def test_a_pixel_stays_with_its_contact(house):
    other = house.add_contact()
    response = house.client.patch(house.addresses()["pixels"], {"contact": other.pk})
    assert_problem(response, 400, "immutable", "contact")


def test_a_pixel_without_openings_can_be_deleted(house):
    assert house.client.delete(house.addresses()["pixels"]).status_code == 204
    assert not Pixel.objects.filter(pk=house.pixel.pk).exists()


def test_the_page_of_a_pixel_says_what_is_wrong_without_a_contact(house):
    assert_problem(house.client.post(URL, {}), 400, "required", "contact")


def test_each_reading_of_an_address_is_another_spelling(house):
    address = house.addresses()["pixels"]
    assert house.client.get(address).json()["url"] != house.client.get(address).json()["url"]
