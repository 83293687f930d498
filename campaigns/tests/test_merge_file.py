"""The merge file for mail providers, and what every file of the API has in common."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.formula import FORMULA, harmless
from campaigns.models import Contact, Pixel
from campaigns.tests.files import fetch, read_csv, read_jsonl, some_at_a_time
from campaigns.tests.house import House
from campaigns.token import read_token

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FORMS = ["csv", "jsonl"]
CONTACT = ["email", "name", "external_id", "group", "scheduled_at"]


def address(house, form="csv"):
    return f"/api/campaigns/{house.campaign.pk}/pixels.{form}"


def pixel_of(cell: str) -> Pixel:
    """The pixel whose address, or HTML, is in the cell."""
    token = re.search(r"/p/([^.]+)\.gif", cell)[1]
    return Pixel.objects.get(uuid=read_token(token).hex())


def test_each_contact_has_a_row_with_their_pixels(house):
    Contact.objects.all().remove()
    ada = house.add_contact(
        email="Ada@example.com", name='Ada "A", Lovelace', external_id="4711", scheduled_at=NOON
    )
    house.add_contact(group=house.other_group, name="Äda\nLf", scheduled_at=NOON)
    first, second = read_csv(house.client, address(house))
    assert list(first) == [
        *CONTACT,
        "pixel_1_url",
        "pixel_1_html",
        "pixel_2_url",
        "pixel_2_html",
    ]
    assert [first[column] for column in CONTACT] == [
        "Ada@example.com",
        'Ada "A", Lovelace',
        "4711",
        "A",
        "2026-03-01T12:00:00Z",
    ]
    for number in (1, 2):
        url, html = first[f"pixel_{number}_url"], first[f"pixel_{number}_html"]
        assert pixel_of(url) == ada.pixels.get(number=number)
        assert f'<img src="{url}"' in html
        assert "display:none" not in html
    assert (second["group"], second["name"]) == ("B", "Äda\nLf")


def test_json_lines_hold_the_same(house):
    house.add_contact(name="=x", external_id="-1", scheduled_at=NOON)
    house.contact.pixels.get(number=2).delete()
    rows, lines = (
        read_csv(house.client, address(house), safe="false"),
        read_jsonl(house.client, address(house, "jsonl")),
    )
    for row, line in zip(rows, lines, strict=True):
        assert list(row) == list(line)
        for column, value in line.items():
            if column.startswith("pixel") and value:  # each reading spells the address anew
                assert pixel_of(row[column]) == pixel_of(value)
            else:
                assert row[column] == (value or "")
    missing = next(line for line in lines if line["email"] == house.contact.email)
    assert missing["pixel_2_url"] is missing["pixel_2_html"] is None


def test_the_columns_are_the_pixel_numbers_that_occur_in_this_campaign(house):
    House(pixels=5)
    house.client.post("/api/pixels/", {"contact": house.contact.pk, "number": 7})
    house.add_contact(pixels=1)
    few, many = sorted(
        read_jsonl(house.client, address(house, "jsonl")), key=lambda row: bool(row["pixel_7_url"])
    )
    assert [name for name in many if name.endswith("_url")] == [
        "pixel_1_url",
        "pixel_2_url",
        "pixel_7_url",
    ]
    assert pixel_of(many["pixel_7_html"]).number == 7
    assert few["pixel_2_url"] is few["pixel_7_url"] is None


def test_the_columns_stay_as_they_were_when_the_file_began(house, monkeypatch):
    some_at_a_time(monkeypatch, 1)
    late = house.add_contact(scheduled_at=datetime(2030, 1, 1, tzinfo=UTC))
    parts = house.client.get(address(house)).streaming_content
    text = next(parts).decode()
    late.add_pixels(1)
    rows = list(csv.reader(io.StringIO(text + b"".join(parts).decode())))
    assert {len(row) for row in rows} == {len(CONTACT) + 4}
    assert len(rows) == 3


def test_without_contacts_there_is_a_head_with_the_campaigns_own_columns(house):
    Contact.objects.all().remove()
    assert fetch(house.client, address(house)) == (
        ",".join([*CONTACT, "pixel_1_url", "pixel_1_html", "pixel_2_url", "pixel_2_html"]) + "\r\n"
    )
    assert fetch(house.client, address(house, "jsonl")) == ""


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 100])
def test_every_contact_comes_once_however_many_share_a_moment(house, monkeypatch, at_once):
    some_at_a_time(monkeypatch, at_once)
    House()
    for number in range(12):
        group = (house.group, house.other_group)[number % 2]
        house.add_contact(group=group, scheduled_at=NOON - timedelta(hours=number // 6))
    rows = read_jsonl(house.client, address(house, "jsonl"))
    expected = Contact.objects.filter(group__campaign=house.campaign)
    assert [row["email"] for row in rows] == list(
        expected.order_by("group", "scheduled_at", "pk").values_list("email", flat=True)
    )


def test_the_database_is_asked_as_often_for_many_rows_as_for_few(house, monkeypatch):
    some_at_a_time(monkeypatch, 10)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            fetch(house.client, address(house, "jsonl"))
        return len(captured)

    few = queries()
    for _ in range(8):
        house.add_contact(scheduled_at=NOON, pixels=10)
    assert queries() == few
    for _ in range(12):  # two more times ten: two ranges of the index, and the pixels
        house.add_contact(scheduled_at=NOON)
    assert queries() <= few + 2 * 3


def test_one_group_can_be_asked_for(house):
    other = house.add_contact(group=house.other_group)
    (row,) = read_csv(house.client, address(house), group=house.other_group.pk)
    assert row["email"] == other.email


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("group", "code"), [("x", "invalid"), ("another team's", "does_not_exist"),
                        (10**18, "does_not_exist"), ("another campaign's", "other_campaign")]
)  # fmt: skip
def test_a_group_that_is_not_the_campaigns_is_refused(house, form, group, code):
    if group == "another team's":
        group = House().group.pk
    elif group == "another campaign's":
        group = House(user=house.user).group.pk
    response = house.client.get(address(house, form), {"group": group})
    assert_problem(response, 400, code, field="group")


@pytest.mark.parametrize("option", ["safe", "bom"])
def test_an_option_that_is_neither_true_nor_false_is_refused(house, option):
    assert_problem(house.client.get(address(house), {option: "?"}), 400, "invalid", field=option)


# -- Spreadsheets --------------------------------------------------------------------------------
@pytest.mark.parametrize("begin", FORMULA)
def test_a_cell_that_would_run_is_defused(begin):
    assert harmless(f"{begin}1+1") == f"'{begin}1+1"
    assert harmless(f"a{begin}1+1") == f"a{begin}1+1"


@pytest.mark.parametrize("number", ["-5", "+4915112345678", "-0.5", "+1,5", "-1e9"])
def test_numbers_stay_numbers(number):
    assert harmless(number) == number
    assert harmless(number + "\n") == (f"'{number}\n")


def test_a_csv_is_safe_unless_asked_otherwise_and_mail_still_arrives(house):
    Contact.objects.all().remove()
    formula = '=HYPERLINK("http://example.com","x")'
    house.add_contact(email="=cmd|x!a@example.com", name=formula, external_id="@SUM(1)")
    (safe,) = read_csv(house.client, address(house))
    assert (safe["name"], safe["external_id"]) == (f"'{formula}", "'@SUM(1)")
    assert safe["email"] == "=cmd|x!a@example.com"  # with a ' it would be somebody else's
    (plain,) = read_csv(house.client, address(house), safe="false")
    assert (plain["name"], plain["external_id"]) == (formula, "@SUM(1)")


def test_a_byte_order_mark_is_there_when_asked_for(house):
    assert fetch(house.client, address(house), bom="true").startswith("\ufeffemail,")
    assert fetch(house.client, address(house)).startswith("email,")


# -- As a download -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("form", "media_type"), [("csv", "text/csv"), ("jsonl", "application/x-ndjson")]
)
def test_it_is_a_download_that_nobody_keeps(house, form, media_type):
    house.client.patch(f"/api/campaigns/{house.campaign.pk}/", {"name": 'Mä"rz/\r\n2026\u202e; x'})
    response = house.client.get(address(house, form))
    assert response["Content-Type"] == f"{media_type}; charset=utf-8"
    assert response["Cache-Control"] == "no-store, private"
    assert response["Content-Disposition"] == (
        f'attachment; filename="Ma-rz-2026-x-pixels.{form}";'
        f" filename*=UTF-8''M%C3%A4-rz-2026-x-pixels.{form}"
    )


@pytest.mark.parametrize("name", ["", "…", "../../x", "春", "x" * 200])
def test_every_name_of_a_campaign_makes_a_name_of_a_file(house, name):
    type(house.campaign).objects.filter(pk=house.campaign.pk).update(name=name)
    found = re.fullmatch(
        r"attachment; filename=\"([\w-]*pixels\.csv)\"; filename\*=UTF-8''([\w%-]*pixels\.csv)",
        house.client.get(address(house))["Content-Disposition"],
    )
    assert found
    assert len(found[1]) < 100


@pytest.mark.parametrize("form", FORMS)
def test_the_accept_header_does_not_matter(house, form):
    for accept in ("text/csv", "text/html", "application/json", "image/png"):
        assert house.client.get(address(house, form), HTTP_ACCEPT=accept).status_code == 200
        missing = house.client.get("/api/campaigns/0/pixels.csv", HTTP_ACCEPT=accept)
        assert_problem(missing, 404, "not_found")


@pytest.mark.parametrize("form", FORMS)
def test_head_reads_no_contact(house, form):
    with CaptureQueriesContext(connection) as captured:
        response = house.client.head(address(house, form))
    assert response.status_code == 200
    assert "pixels" in response["Content-Disposition"]
    assert response.getvalue() == b""
    assert not any("campaigns_contact" in query["sql"] for query in captured)


@pytest.mark.parametrize("form", FORMS)
def test_what_fails_before_the_first_byte_is_a_problem(house, form, monkeypatch):
    def fail(*_):
        raise ArithmeticError

    monkeypatch.setattr("campaigns.merge_file.MergeFile.row", fail)
    assert_problem(house.client.get(address(house, form)), 500, "error")


# -- Who may -------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("role", Membership.Role.values)
def test_every_member_may_fetch_it(house, form, role):
    assert fetch(client_of(make_member(house.team, role)), address(house, form))


@pytest.mark.parametrize("form", FORMS)
def test_another_teams_campaign_does_not_exist(house, form):
    assert_problem(client_of(make_user()).get(address(house, form)), 404, "not_found")
    assert_problem(APIClient().get(address(house, form)), 401, "not_authenticated")
    assert_problem(house.client.get(f"/api/campaigns/x/pixels.{form}"), 404, "not_found")
    assert_problem(house.client.post(address(house, form)), 405, "method_not_allowed")
