"""Values and names that only somebody out for trouble, or an unlucky export, would send."""

import pytest

from campaigns.models import Pixel
from campaigns.tests.factories import make_campaign
from campaigns.tests.importing import figures, table, take_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return make_campaign(group_names=("A",))


@pytest.mark.parametrize("pixels", ["0010", "00100", "001" + "0" * 5_000, "11", "0", "1.0"])
def test_a_number_of_pixels_with_zeros_before_it_is_read_whole(campaign, pixels):
    job = take_in(campaign, table("email,pixels", f"a@example.com,{pixels}"))
    made = Pixel.objects.filter(contact__group__campaign=campaign).count()
    if pixels == "0010":
        assert made == 10
        return
    assert made == 0
    assert figures(job) == {"rows": 1, "rejected": 1}
