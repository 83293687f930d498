"""gunicorn's settings, with workers that die at the points that a test arms."""

from importlib import import_module

from pixeltrack import gunicorn as ours
from pixeltrack.gunicorn import *  # noqa: F403 - gunicorn takes every name as a setting


def post_fork(server, worker):
    ours.post_fork(server, worker)
    import_module("tests.faults.web_points").place()  # by now: it needs the apps loaded
