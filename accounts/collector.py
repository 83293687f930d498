import gc

# By default a round begins after 700 new objects. But rows of a file refer to each other, so that
# nothing else frees them: with 50,000 a process held 100 MB more.
THRESHOLDS = 5_000, 2, 5


def collect_rarely():
    """For a process that makes tens of thousands of objects at a time, once all is loaded: what is
    there stays and is not looked at again, and rounds of the garbage collector come more rarely.
    They took up to a third of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
