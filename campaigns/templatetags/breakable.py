from django import template
from django.utils.html import format_html

register = template.Library()


@register.filter
def breakable(text: str):
    """An e-mail address that goes on in the next line with the "@" where there is no room for it.
    Any other text stays as it is."""
    person, at, domain = str(text).rpartition("@")
    return format_html("{}<wbr>{}{}", person, at, domain) if at else text
