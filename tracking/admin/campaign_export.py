"""Who opened, who didn't, every opening and the merge file, to take away."""

from django import forms

from campaigns.admin.campaign_verbs import CampaignVerb
from campaigns.api.file import begun, disposition
from campaigns.merge_file import MergeFile
from campaigns.models import Campaign, Contact, Group, Pixel
from campaigns.streaming import Stream
from campaigns.table import FORMS, Csv, Table, file_name
from tracking.exports import ContactTable, NonOpeners, Openers, Openings
from tracking.models import Opening

# What each is about, as the page says, and what one has to be allowed to see for it.
TABLES = {
    Openers: ("Openers: the contacts that opened, and when", (Contact, Opening)),
    NonOpeners: ("Non-openers: the contacts that are due and did not open", (Contact, Opening)),
    Openings: ("Openings: every single one", (Contact, Opening)),
    MergeFile: ("Merge file: each contact with their pixels", (Contact, Pixel)),
}
BY_NAME = {table.name: table for table in TABLES}
KINDS = {form.suffix: form for form in FORMS}


class ExportForm(forms.Form):
    table = forms.ChoiceField(label="What", widget=forms.RadioSelect)
    group = forms.ModelChoiceField(
        Group.objects.none(), label="Group", required=False, empty_label="All groups"
    )
    verified = forms.BooleanField(
        label="Verified only",
        required=False,
        help_text="For openers and non-openers: only an opening by a person, or on behalf of one, "
        "makes an opener.",
    )
    kind = forms.ChoiceField(
        label="File",
        choices=[("csv", "CSV, for spreadsheets"), ("jsonl", "JSON Lines, for programs")],
    )

    def __init__(self, campaign: Campaign, tables: list[type[Table]], data=None):
        super().__init__(data, initial={"table": tables[0].name})
        self.fields["table"].choices = [(table.name, TABLES[table][0]) for table in tables]
        group = self.fields["group"]
        group.queryset = campaign.groups.order_by("pk")
        group.label_from_instance = lambda group: group.name


class Export(CampaignVerb):
    """A POST, though it changes nothing: that somebody took addresses away is noted."""

    name, label, title = "export", "Export", "Export"
    at_hand = True

    @property
    def tables(self) -> list[type[Table]]:
        return [table for table, (_, models) in TABLES.items() if self.may_see(models)]

    def may_see(self, models) -> bool:
        admins = map(self.pages.admin_site.get_model_admin, models)
        return all(each.has_view_permission(self.request) for each in admins)

    @property
    def may(self):
        sees = self.pages.has_view_or_change_permission(self.request, self.campaign)
        return sees and bool(self.tables)

    def form(self, data=None):
        return ExportForm(self.campaign, self.tables, data)

    def do(self, form):
        wanted = form.cleaned_data
        kind, chosen = KINDS[wanted["kind"]], BY_NAME[wanted["table"]]
        groups = [wanted["group"]] if wanted["group"] else self.campaign.groups.order_by("pk")
        by_opener = issubclass(chosen, ContactTable)
        options = {"verified": wanted["verified"]} if by_opener else {}
        table = chosen(self.campaign, list(groups), **options)
        # By the mark, Excel knows UTF-8.
        file = kind(table, bom=True) if kind is Csv else kind(table)
        names = [self.campaign.name, *([groups[0].name] if wanted["group"] else []), table.name]
        reply = Stream(
            begun(file.parts()),
            content_type=f"{kind.media_type}; charset=utf-8",
            headers={"Content-Disposition": disposition(file_name(names, kind.suffix))},
        )
        self.note(f"Exported: {', '.join(told(table, wanted))}.")
        return reply


def told(table: Table, wanted: dict) -> list[str]:
    about = [table.name]
    if wanted["group"]:
        about.append(f"group {wanted['group'].name}")
    if getattr(table, "verified", False):
        about.append("verified only")
    return about
