from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from campaigns.first_rows import FirstRows
from campaigns.import_file import Unreadable
from campaigns.import_row import refuse_unreadable
from campaigns.models import ContactImport


def too_large() -> str:
    return f"The file is larger than {filesizeformat(settings.MAX_IMPORT_BYTES)}. Send it in parts."


class ImportForm(forms.ModelForm):
    """A file of contacts to be sent. It is looked at before it is stored: whoever chose the wrong
    one is told so at once."""

    file = forms.FileField(
        allow_empty_file=True,  # the reader says better what is wrong with it
        help_text="Drop it here, or choose it: CSV (comma, semicolon or tab), JSON or JSON Lines, "
        "also zipped or gzipped. One column must be called email; group, name, external_id, "
        "scheduled_at, sent_at and pixels are known, others are kept with the contact. "
        "docs/imports.md says more.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if run_at := self.fields.get("run_at"):
            run_at.required = False
            run_at.help_text = "It is not begun before this time. Empty: at once."
        if scheduled_at := self.fields.get("scheduled_at"):
            scheduled_at.help_text = (
                "For rows that don't say when their mail is scheduled. Empty: new contacts "
                "get the time below, and known ones keep what they have."
            )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > settings.MAX_IMPORT_BYTES:
            raise forms.ValidationError(too_large())
        try:
            refuse_unreadable(file)
        except Unreadable as problem:
            raise forms.ValidationError(str(problem), code=problem.code) from None
        return file

    def clean(self):
        cleaned = super().clean()
        campaign, group = cleaned.get("campaign"), cleaned.get("group")
        if campaign and group and group.campaign_id != campaign.pk:
            self.add_error("group", "This group belongs to another campaign.")
        return cleaned

    def receive(self, *, by: str, dry_run: bool) -> ContactImport:
        """Store the file, with what was chosen for it."""
        return ContactImport.objects.receive(created_by=by, dry_run=dry_run, **self.given)

    def first_rows(self, *, is_cut: bool) -> FirstRows | None:
        """Of the file, or of its beginning where that `is_cut`; None if it is to be refused."""
        self.full_clean()
        if "file" in self.errors:
            return None
        given = self.given
        content = given.pop("file").read()
        job = ContactImport(dry_run=True, **given) if "campaign" in given else None
        return FirstRows(content, is_cut=is_cut, job=job)

    @property
    def given(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if value is not None}
