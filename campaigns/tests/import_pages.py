"""Pages of contact imports in the admin."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.tests.staff import page
from campaigns.models import Campaign, Contact, ContactImport, Group, ReportedRow
from campaigns.tests.factories import make_campaign
from campaigns.tests.importing import send, table, take_in

State = ContactImport.State
MODELS = [Campaign, Group, Contact, ContactImport, ReportedRow]
LIST = table("email,name", "ada@example.com,Ada", "no address,Bob", "bob@example.com,Bob")
VERBS = ("pause", "resume", "cancel", "retry", "run")
TO_LOOK_AT = ("progress", "rejected")


def address(what: str, job: ContactImport) -> str:
    return reverse(f"admin:campaigns_contactimport_{what}", args=[job.pk])


def upload(client, campaign, content=LIST, name="people.csv", headers=None, **fields):
    content = content if isinstance(content, bytes) else content.encode()
    data = {"file": SimpleUploadedFile(name, content), "campaign": campaign.pk} | fields
    return client.post(page(ContactImport, "add"), data, headers=headers)


def make_import(state: State) -> ContactImport:
    """One that has come into this state as they do; the one that is done was a dry run."""
    campaign = make_campaign()
    if state == State.DONE:
        return take_in(campaign, LIST, dry_run=True)
    if state == State.FAILED:
        return take_in(campaign, b"%PDF-1.7")
    job = send(campaign, LIST)
    if state == State.RUNNING:
        return ContactImport.objects.claim()
    if state == State.PAUSED:
        job.pause()
    if state == State.CANCELLED:
        job.cancel()
    return job


# State → verb → the state that it leads to, where there is a button for it.


def stored_files() -> list[str]:
    storage = ContactImport._meta.get_field("file").storage
    return storage.listdir("imports")[1] if storage.exists("imports") else []
