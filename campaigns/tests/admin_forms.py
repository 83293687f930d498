"""What browsers send from the pages of the admin."""

from accounts.tests.staff import inline


def campaign_form(campaign=None, *groups, **fields):
    """What the browser sends from a campaign's page; each group is (row, name, control)."""
    data = {"name": "Autumn", "time_zone": "Europe/Berlin", "pixels_per_contact": 2}
    data |= {"tracking": "individual"} | fields
    rows = [
        {"id": group.pk if group else "", "name": name} | ({"is_control": "on"} if control else {})
        for group, name, control in groups
    ]
    return inline("groups", *rows, initial=sum(bool(group) for group, *_ in groups), **data)


def contact_form(group, email, **fields):
    data = {"group": group.pk, "email": email, "scheduled_at_0": "2026-03-01"}
    return data | {"scheduled_at_1": "08:00:00"} | fields
