"""What the garbage collector looks at, and how often."""

import gc
from contextlib import contextmanager

# A round begins after so many new objects, by default after 700; a full one after the product of
# these. The rows of a file refer to each other, so that nothing else frees them: where full rounds
# came after millions of objects, a process that sent a file held 100 MB more.
THRESHOLDS = 5_000, 2, 5


def collect_nothing_while_loading():
    """For what a process begins with. Nothing that is imported is garbage, and to look through it
    again and again, and once more at the end, took a third of what a command takes."""
    gc.disable()


def go_on_after_loading():
    """What is there stays, and is not looked at again."""
    gc.freeze()
    gc.enable()


def collect_rarely():
    """For a process that makes tens of thousands of objects at a time, once all is loaded: what is
    there stays and is not looked at again, and rounds of the garbage collector come more rarely.
    They took up to a third of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


@contextmanager
def what_is_there_frozen():
    """For a while, of a process that has other work as well. An import makes thousands of objects a
    chunk; each round would look through all of Django, and that was a seventh of the time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
