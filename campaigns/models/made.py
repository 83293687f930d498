from functools import cache
from typing import Any, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


def made(model: type[M], **values) -> M:
    """`model(**values)` in a third of its time, for models that are made by the thousand, and none
    of whose defaults is another one each time. Values by the names of attributes (`group_id`)."""
    return model(*(defaults_of(model) | values).values())


@cache
def defaults_of(model: type[models.Model]) -> dict[str, Any]:
    return {field.attname: field.get_default() for field in model._meta.concrete_fields}
