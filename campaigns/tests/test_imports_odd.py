"""Values and names that only somebody out for trouble, or an unlucky export, would send."""

import pytest
from django.db import connection

from campaigns.import_file import Record
from campaigns.import_row import RowCheck
from campaigns.models import ContactColumn, ContactImport, Group, Pixel
from campaigns.tests.factories import make_campaign
from campaigns.tests.importing import contacts_of, figures, reported, send, table, take_in

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


def test_a_column_with_a_name_too_long_to_keep_rejects_its_row_only(campaign):
    rows = [{"email": "a@example.com", "k" * 201: "x"}, {"email": "b@example.com", "k" * 200: "x"}]
    job = take_in(campaign, rows)
    assert job.state == ContactImport.State.DONE
    assert figures(job) == {"rows": 2, "created": 1, "rejected": 1}
    assert [row[:2] for row in reported(job)] == [(1, "too_long")]


def test_a_dry_run_says_of_columns_what_the_import_would(campaign):
    rows = [{"email": f"a{n}@example.com", f"column {n}": "x"} for n in range(105)]
    tried = figures(take_in(campaign, rows, dry_run=True))
    assert not ContactColumn.objects.exists()
    assert tried == figures(take_in(campaign, rows))
    assert tried == {"rows": 105, "created": 100, "rejected": 5}


def test_two_cells_for_one_column_reject_the_row(campaign):
    job = take_in(campaign, [{"email": "a@example.com", "City": "x", "city": "y"}])
    assert figures(job) == {"rows": 1, "rejected": 1}
    assert reported(job)[0][1] == "twice"


def test_what_is_remembered_of_columns_does_not_grow_with_the_file(campaign, monkeypatch):
    monkeypatch.setattr("campaigns.import_row.MOST_MEANINGS", 5)
    check = RowCheck(send(campaign, "email\n", dry_run=True))
    for number in range(20):
        cells = {"email": "a@example.com", f"column {number}": "x"}
        check(Record(number, cells, cells))
    assert len(check.meanings) == 5


def test_a_table_with_two_columns_of_one_name_is_refused_before_a_value_is_lost(campaign):
    job = take_in(campaign, table("email,City,city", "a@example.com,x,y"))
    assert job.state == ContactImport.State.FAILED
    assert job.problem == "Several columns are called City, case aside. Leave one."


def test_a_row_goes_to_the_group_of_its_very_name_where_another_differs_in_an_accent(campaign):
    if connection.vendor == "mysql":  # knows no such two
        return
    plain = Group.objects.create(campaign=campaign, name="Cafe")
    Group.objects.create(campaign=campaign, name="Café")
    take_in(campaign, table("email,group", "a@example.com,Cafe", "b@example.com,Café"))
    take_in(campaign, table("email,group", "c@example.com,", "d@example.com,café"), group=plain)
    assert contacts_of(campaign).keys() == {
        ("Cafe", "a@example.com"),
        ("Café", "b@example.com"),
        ("Cafe", "c@example.com"),
        ("Cafe", "d@example.com"),
    }
