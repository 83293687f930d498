from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class LongSelect(forms.Select):
    """Writes its options itself. Django has three templates for each: of the six hundred time
    zones, they took a third of the time of a campaign's page."""

    def render(self, name, value, attrs=None, renderer=None):
        chosen = "" if value is None else str(value)
        marks = {True: SafeString(" selected"), False: ""}
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            ((key, marks[str(key) == chosen], label) for key, label in self.choices),
        )
        named = flatatt({"name": name} | self.build_attrs(self.attrs, attrs))
        return format_html("<select{}>\n{}\n</select>", named, options)
