"""The page that sends a file of contacts: its first rows, its two buttons, its script."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.tests.staff import admin_client, make_staff, page, said, signed_in
from campaigns.first_rows import HEAD_BYTES, NO_WHOLE_ROW, ZIP_BYTES
from campaigns.models import Campaign, Contact, ContactImport, Group
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.import_pages import LIST, MODELS, stored_files, upload

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
SCRIPT = {"Accept": "application/json"}


@pytest.fixture
def anna():
    return make_staff(models=MODELS)


# -- First rows ------------------------------------------------------------------------------------
def look(client, content=LIST, **fields):
    content = content if isinstance(content, bytes) else content.encode()
    file = SimpleUploadedFile("people.csv", content)
    address = reverse("admin:campaigns_contactimport_first_rows")
    return client.post(address, {"file": file} | fields)


def test_the_first_rows_of_a_file_are_shown_and_nothing_is_stored(admin_client):
    before = stored_files()
    reply = look(admin_client, "email,City\nada@example.com,<b>Paris\nwrong,\n",
                 campaign=make_campaign().pk)  # fmt: skip
    assert reply.status_code == 200
    assert "The file has 2 rows: 1 new, 1 rejected." in reply.text
    assert '<td data-label="City">&lt;b&gt;Paris</td>' in reply.text
    assert '<td data-label="email">ada<wbr>@example.com</td>' in reply.text
    assert '<th scope="col">email</th><th scope="col">City<span>kept with' in reply.text
    assert "<dt>email</dt><dd>from the column “email”</dd>" in reply.text
    assert "<dt>kept with the contact</dt><dd>City</dd>" in reply.text
    assert not ContactImport.objects.exists()
    assert not Contact.objects.exists()
    assert stored_files() == before


def test_what_was_chosen_counts_for_the_first_rows(admin_client):
    campaign = make_campaign(group_names=("A", "B"))
    make_contact(campaign.groups.get(name="A"), email="ada@example.com")
    chosen = {"campaign": campaign.pk}
    assert look(admin_client, **chosen).text.count('class="rejected"') == 3
    chosen["group"] = campaign.groups.get(name="B").pk
    assert "The group A has this address." in look(admin_client, **chosen).text
    assert look(admin_client, **chosen).text.count('class="rejected"') == 1
    text = look(admin_client, reject_overlap="on", **chosen).text
    assert text.count('class="rejected"') == 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7 \xff", "This is a PDF, not a list."),
        (b"name,city\nAda,Paris\n", "The file has no column called email."),
        (b"email\n" + b"x" * 2000, "The file is larger than"),
    ],
)
def test_a_file_is_refused_as_it_would_be_when_it_is_sent(
    admin_client, settings, content, complaint
):
    settings.MAX_IMPORT_BYTES = 1024
    [told] = look(admin_client, content).json()["errors"]["file"]
    assert complaint in told
    errors = upload(admin_client, make_campaign(), content).context["adminform"].form.errors
    assert errors["file"] == [told]


def test_a_beginning_is_told_from_a_whole_file(admin_client):
    content = 'email,name\nada@example.com,Ada\nbob@example.com,"' + "Bob\n" * 40_000
    assert "bob<wbr>@example.com" in look(admin_client, content).text
    text = look(admin_client, content, cut="on").text
    assert "ada<wbr>@example.com" in text
    assert "bob" not in text
    text = look(admin_client, b"email", cut="on").text
    assert NO_WHOLE_ROW in text


def test_more_is_not_taken_to_be_looked_at(admin_client):
    assert HEAD_BYTES < ZIP_BYTES
    assert look(admin_client, b"email\n" + b" " * (ZIP_BYTES - 10)).status_code == 200
    assert look(admin_client, b"email\n" + b" " * (ZIP_BYTES + 100_000)).status_code == 413


def test_only_who_may_import_may_look(anna, admin_client):
    address = reverse("admin:campaigns_contactimport_first_rows")
    bert = make_staff("bert", models=[Campaign, Group, ContactImport])
    assert look(signed_in(bert)).status_code == 403
    assert look(Client()).url.startswith(reverse("admin:login"))
    assert look(signed_in(anna)).status_code == 200
    assert admin_client.get(address).status_code == 405
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = admin_client.cookies
    assert look(careful).status_code == 403


def test_nothing_is_told_of_other_teams_campaigns(anna):
    theirs = make_campaign(name="Theirs", group_names=["Their group", "Another"])
    group = theirs.groups.get(name="Another")
    make_contact(group, email="ada@example.com")
    text = look(signed_in(anna), campaign=theirs.pk, group=group.pk).text
    assert "Choose a campaign to see" in text
    assert "known" not in text.replace("not known yet", "")
    assert "The campaign has several" not in text


def test_the_number_of_queries_is_bounded(anna, django_assert_max_num_queries):
    campaign = make_campaign(anna.own_team)
    client = signed_in(anna)
    rows = [f"contact-{number}@example.com" for number in range(500)]
    with django_assert_max_num_queries(14):
        look(client, "\n".join(["email", *rows]), campaign=campaign.pk)


# -- Trying it, or going on ------------------------------------------------------------------------
def test_one_button_tries_it_and_the_other_does_it(admin_client):
    text = admin_client.get(page(ContactImport, "add")).text
    assert '<button type="submit" class="button plain" name="dry_run" value="on">' in text
    upload(admin_client, make_campaign(), dry_run="on")
    upload(admin_client, make_campaign())
    tried, done = ContactImport.objects.order_by("pk")
    assert (tried.dry_run, done.dry_run) == (True, False)


def test_a_script_is_told_where_the_import_is_and_what_is_wrong(admin_client):
    campaign, other = make_campaign(), make_campaign()
    reply = upload(admin_client, campaign, group=other.groups.get().pk, headers=SCRIPT)
    assert reply.json() == {"errors": {"group": ["This group belongs to another campaign."]}}
    assert not ContactImport.objects.exists()
    reply = upload(admin_client, campaign, headers=SCRIPT)
    assert reply.json() == {"page": page(ContactImport, "change", ContactImport.objects.get().pk)}
    assert said(reply) == "The file was sent. This page shows what becomes of it."


# -- Groups of a campaign --------------------------------------------------------------------------
def offered(client, **query) -> list[str]:
    source = {"app_label": "campaigns", "model_name": "contactimport", "field_name": "group"}
    found = client.get(reverse("admin:autocomplete"), source | query).json()["results"]
    return [each["text"] for each in found]


def test_only_groups_of_the_chosen_campaign_are_offered(anna):
    client = signed_in(anna)
    spring = make_campaign(anna.own_team, name="Spring", group_names=("A", "B"))
    autumn = make_campaign(anna.own_team, name="Autumn", group_names=("A",))
    theirs = make_campaign(name="Theirs")
    assert offered(client, of_campaign=spring.pk) == ["Spring · A", "Spring · B"]
    assert offered(client, of_campaign=spring.pk, term="B") == ["Spring · B"]
    assert offered(client, of_campaign=autumn.pk) == ["Autumn · A"]
    assert offered(client, of_campaign=theirs.pk) == []
    assert len(offered(client, of_campaign="")) == len(offered(client, of_campaign="x")) == 3
