"""A page of the admin takes as many queries for many rows as for few. Every page, with all choices
and orders, is asked for by `benchmarks.admin_pages`."""

import pytest

from pixeltrack.tests.world import World
from tests.admin_pages import LEFT_OUT, Asker, lines, lines_of_nothing, pages_for

pytestmark = pytest.mark.django_db
MOST = 40  # queries, of any page
ASKED = ("index", ": list", ": change", ": live", ": file groups")


# What these have read once they remember, until something is counted.
REMEMBER = ("index", ": live", ": file groups")


def costs(world: World, asked=ASKED) -> dict[str, int]:
    """What a page is → how many queries it takes."""
    found = pages_for(
        world.people["superuser"],
        [world.campaign.pk],
        ("groups",),
        lambda what: what.endswith(asked),
    )
    wrong = [page for page in found["pages"] if page[4] != 200]
    assert not wrong
    return {what: queries for what, _, _, queries, _ in found["pages"]}


@pytest.fixture
def world():
    return World()


def test_lists_and_pages_of_rows_take_the_same_queries_for_more_rows(world, settings):
    settings.ALLOWED_HOSTS = ["*"]
    costs(world, REMEMBER)
    few = costs(world)
    for _ in range(2):
        world.grow()
    costs(world, REMEMBER)
    many = costs(world)
    grown = {what: (few[what], many[what]) for what in few if many[what] > few[what]}
    assert not grown
    assert max(many.values()) <= MOST


def test_every_line_of_the_url_map_is_asked_for_or_left_out_with_a_reason(world):
    user = world.people["superuser"]
    asked = {line for _, line, _ in Asker(user, [world.campaign.pk], ("week",)).pages()}
    refused, empty = lines_of_nothing(user)
    assert not set(lines()) - asked - set(LEFT_OUT) - set(refused) - set(empty)
