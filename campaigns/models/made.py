from functools import cache
from typing import Any, TypeVar

from django.db import models
from django.db.models.base import ModelState

M = TypeVar("M", bound=models.Model)


def made(model: type[M], **values) -> M:
    """`model(**values)` in a tenth of its time, for models that are made by the thousand, and none
    of whose defaults is another one each time. Values by the names of attributes (`group_id`).
    Filled as Django fills what is unpickled. TypeError: the model has no such attribute."""
    attributes = defaults_of(model) | values
    if len(attributes) > len(defaults_of(model)):
        unknown = ", ".join(values.keys() - defaults_of(model).keys())
        raise TypeError(f"{model.__name__} has no {unknown}")
    instance = model.__new__(model)
    instance.__dict__ = {"_state": ModelState()} | attributes
    return instance


@cache
def defaults_of(model: type[models.Model]) -> dict[str, Any]:
    return {field.attname: field.get_default() for field in model._meta.concrete_fields}
