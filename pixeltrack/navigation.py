"""The sidebar of the admin: which lists there are, in the order in which people need them."""

from dataclasses import dataclass, field

from django.urls import reverse

# Label of the section → name of the model → icon, or "" for none. The label "" stays unfolded.
SECTIONS = {
    "": {
        "campaigns.Campaign": "campaign",
        "campaigns.Contact": "contact",
        "campaigns.ContactImport": "import",
        "tracking.Opening": "opening",
        "tracking.Page": "page",
    },
    "People and access": dict.fromkeys(
        (
            "accounts.User",
            "accounts.Team",
            "accounts.Membership",
            "accounts.Invitation",
            "accounts.ApiKey",
            "auth.Group",
        ),
        "",
    ),
    "In detail": dict.fromkeys(
        (
            "campaigns.Group",
            "campaigns.Pixel",
            "tracking.ContactOpenings",
            "tracking.UserAgent",
            "tracking.CampaignDecision",
            "tracking.OpeningChange",
            "campaigns.ReportedRow",
            "tracking.Visitor",
        ),
        "",
    ),
}
# Where the list's own name is longer than it need be, or another list has it as well.
LABELS = {"campaigns.ContactImport": "Imports", "auth.Group": "Groups of permissions"}
REST = "Housekeeping"  # what no section names, so that no list is ever out of reach


@dataclass
class Entry:
    label: str
    address: str
    icon: str = ""
    current: str = ""  # for aria-current: "page", "true" for a page below it, or "" for neither


@dataclass
class Section:
    label: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return not self.label or any(entry.current for entry in self.entries)


def navigation(apps: list[dict], path: str) -> list[Section]:
    """`apps` is Django's list of what the user may see, `path` the address of the present page."""
    models = {model["model"]._meta.label: model for app in apps for model in app["models"]}
    seen = {name: model for name, model in models.items() if model["admin_url"]}
    home = reverse("admin:index")
    listed = {
        label: [
            entry_of(seen.pop(name), name, icon, path)
            for name, icon in names.items()
            if name in seen
        ]
        for label, names in SECTIONS.items()
    }
    listed[""].insert(0, Entry("Home", home, "home", "page" if path == home else ""))
    listed[REST] = [entry_of(model, name, "", path) for name, model in seen.items()]
    return [Section(label, entries) for label, entries in listed.items() if entries]


def entry_of(model: dict, name: str, icon: str, path: str) -> Entry:
    address = model["admin_url"]
    current = "page" if path == address else "true" if path.startswith(address) else ""
    return Entry(LABELS.get(name, str(model["name"])), address, icon, current)
