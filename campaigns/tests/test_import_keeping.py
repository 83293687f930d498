"""What is kept of an import, and for how long."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.utils import timezone

from campaigns import import_steps, tasks
from campaigns.models import Contact, ContactImport, Group, Pixel, ReportedRow
from campaigns.models.contact_import import FOLDER, NoFile
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.importing import contacts_of, figures, send, table, take_in
from campaigns.tests.removed import finish_removals
from campaigns.tests.small_imports import ROWS, campaign, small_chunks

__all__ = ["campaign", "small_chunks"]  # fixtures
pytestmark = pytest.mark.django_db
State = ContactImport.State


# -- What is kept, and for how long ----------------------------------------------------------------
def stored() -> set[str]:
    storage = ContactImport._meta.get_field("file").storage
    return set(storage.listdir(FOLDER)[1]) if storage.exists(FOLDER) else set()


def test_the_file_is_deleted_as_soon_as_it_is_taken_in(
    campaign, django_capture_on_commit_callbacks
):
    before = stored()
    job = send(campaign, ROWS)
    assert len(stored() - before) == 1
    with django_capture_on_commit_callbacks(execute=True):
        import_steps.work()
    assert stored() == before
    job.refresh_from_db()
    assert not job.file


def test_the_file_of_a_dry_run_is_kept_for_the_run_and_goes_with_it(
    campaign, django_capture_on_commit_callbacks
):
    before = stored()
    with django_capture_on_commit_callbacks(execute=True):
        dry = take_in(campaign, ROWS, dry_run=True)
    assert len(stored() - before) == 1
    stale = ContactImport.objects.get(pk=dry.pk)
    with django_capture_on_commit_callbacks(execute=True):
        dry.run()
        import_steps.work()
    assert stored() == before
    with pytest.raises(NoFile):
        stale.run()


def test_an_import_whose_file_is_gone_can_not_be_retried(campaign):
    job = send(campaign, ROWS)
    job.cancel()
    job.forget_file()
    job.refresh_from_db()
    with pytest.raises(NoFile):
        job.retry()


def test_a_file_that_disappears_fails_the_import(campaign):
    job = send(campaign, ROWS)
    job.file.storage.delete(job.file.name)
    import_steps.work()
    job.refresh_from_db()
    assert (job.state, job.problem[:8]) == (State.FAILED, "The file")


def test_some_time_after_its_end_an_import_keeps_only_its_figures(
    campaign, settings, django_capture_on_commit_callbacks
):
    dry = take_in(campaign, ROWS, dry_run=True)
    seen = figures(dry)
    for days, left in [
        (settings.IMPORT_KEEP_DAYS - 1, True),
        (settings.IMPORT_KEEP_DAYS + 1, False),
    ]:
        with (
            time_machine.travel(timezone.now() + timedelta(days=days)),
            django_capture_on_commit_callbacks(execute=True),
        ):
            tasks.forget_old_imports()
        dry.refresh_from_db()
        assert (bool(dry.file), dry.reported_rows.exists()) == (left, left)
    assert figures(dry) == seen


def test_stored_files_that_no_import_knows_go_after_a_day(campaign):
    job = send(campaign, ROWS)
    storage = job.file.storage
    places = f"{FOLDER}/{uuid4().hex}", f"{uuid4().hex}.upload.csv"  # the last: on its way
    strays = [storage.save(place, ContentFile(b"email\n")) for place in places]
    tasks.forget_old_imports()
    assert all(map(storage.exists, strays))
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        tasks.forget_old_imports()
    assert not any(map(storage.exists, strays))
    assert storage.exists(job.file.name)


def test_erasing_a_person_takes_what_imports_reported_of_them(campaign):
    rows = table("email,group", "info@example.com,A", "info@example.com,A", "hello@example.com,A")
    job = take_in(campaign, rows)
    elsewhere = take_in(make_campaign(), table("email", "info@example.com"))
    assert job.reported_rows.count() == 3
    Contact.objects.get(group__campaign=campaign, email="info@example.com").erase()
    assert [row.value for row in job.reported_rows.all()] == ["hello@example.com"]
    assert elsewhere.reported_rows.count() == 1


def test_a_removed_campaign_takes_its_imports_along(campaign, django_capture_on_commit_callbacks):
    before = stored()
    with django_capture_on_commit_callbacks(execute=True):
        take_in(campaign, ROWS)
        take_in(campaign, ROWS, dry_run=True)
        waiting = send(campaign, ROWS)
        campaign.remove()
        waiting.refresh_from_db()
        assert waiting.state == State.CANCELLED
        import_steps.work()
        finish_removals()
    left = (ContactImport, ReportedRow, Contact, Pixel, Group)
    assert [model.objects.count() for model in left] == [0] * len(left)
    assert stored() == before


def test_a_removed_group_takes_imports_for_it_along_and_no_other(campaign):
    one = campaign.groups.get(name="A")
    send(campaign, ROWS, group=one)
    kept = send(campaign, ROWS)
    one.remove()
    finish_removals()
    assert list(ContactImport.objects.all()) == [kept]
    import_steps.work()
    assert {group for group, _ in contacts_of(campaign)} == {"B"}


def test_an_import_that_comes_as_its_campaign_goes_is_removed_too(campaign):
    make_contact(campaign.groups.first())
    campaign.remove()
    send(campaign, ROWS)  # as a request that read the campaign before would
    finish_removals()
    assert not ContactImport.objects.exists()


def test_a_file_that_another_import_took_over_is_not_deleted_with_the_dry_run(
    campaign, django_capture_on_commit_callbacks
):
    tried = take_in(campaign, ROWS, dry_run=True)
    stale = ContactImport.objects.get(pk=tried.pk)  # as the task that forgets, or a page, read it
    taken_over = tried.run()
    with django_capture_on_commit_callbacks(execute=True):
        stale.remove()
    assert taken_over.file.storage.exists(taken_over.file.name)
