"""gunicorn's settings, with workers broken as LEDGER_SABOTAGE says."""

from importlib import import_module

from pixeltrack import gunicorn as ours
from pixeltrack.gunicorn import *  # noqa: F403 - gunicorn takes every name as a setting


def post_fork(server, worker):
    ours.post_fork(server, worker)
    import_module("tests.ledger.sabotage").apply()  # by now: it needs the apps loaded
