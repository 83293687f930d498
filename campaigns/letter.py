"""The mail that a sample shows: whose it is, and which of its places each pixel has."""

from campaigns.models import Contact


def letter(contact: Contact, images: list[str]) -> dict:
    """For `campaigns/sample_mail.html`. `images`: the HTML of each pixel, from top to bottom."""
    top, *others = images or [None]
    return {
        "contact": contact,
        "campaign": contact.group.campaign,
        "first_name": contact.name.partition(" ")[0],
        "top": top,
        "between": others[:-1],
        "bottom": others[-1] if others else None,
    }
