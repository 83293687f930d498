"""A select with many options is what Django would write."""

import pytest
from django import forms
from django.test.html import parse_html

from campaigns.admin.long_select import LongSelect

CHOICES = [("UTC", "UTC"), ("Europe/Berlin", "Europe/Berlin"), ('"<1>"', "<b>")]


@pytest.mark.parametrize("value", ["UTC", "Europe/Berlin", '"<1>"', "other", "", None])
@pytest.mark.parametrize("attrs", [None, {"id": "id_zone", "required": True, "disabled": False}])
def test_it_is_the_same_as_django_s(value, attrs):
    own, django = (kind(choices=CHOICES) for kind in (LongSelect, forms.Select))
    assert parse_html(own.render("zone", value, attrs)) == parse_html(
        django.render("zone", value, attrs)
    )


def test_a_form_shows_and_reads_it():
    class Form(forms.Form):
        zone = forms.ChoiceField(choices=CHOICES, widget=LongSelect)

    assert (
        '<option value="Europe/Berlin" selected>' in Form(initial={"zone": "Europe/Berlin"}).as_p()
    )
    assert Form({"zone": '"<1>"'}).is_valid()
    assert not Form({"zone": "Mars"}).is_valid()
