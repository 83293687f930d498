"""Objects that are made quickly are those that Django makes."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from campaigns.models.made import made
from tracking.models import ContactOpenings, Opening

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Opening, {"event_id": UUID(int=7), "group_id": 3, "opened_at": NOW, "verdict": "human"}),
        (ContactOpenings, {"contact_id": 5}),
        (ContactOpenings, {}),
    ],
)
def test_what_is_made_is_what_django_makes(model, values):
    quick, usual = made(model, **values), model(**values)
    names = [field.attname for field in model._meta.concrete_fields]
    assert [getattr(quick, name) for name in names] == [getattr(usual, name) for name in names]
    assert quick._state.adding is usual._state.adding is True
    assert quick._state.db is usual._state.db


def test_a_default_is_not_taken_over_from_the_one_before():
    made(ContactOpenings, contact_id=5).openings += 1
    assert made(ContactOpenings, contact_id=6).openings == 0


def test_what_the_model_does_not_have_is_refused():
    with pytest.raises(TypeError, match="ContactOpenings has no contact"):
        made(ContactOpenings, contact=5)
