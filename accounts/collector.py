import gc

# A round begins after so many new objects, by default after 700; a full one after the product of
# these. The rows of a file refer to each other, so that nothing else frees them: where full rounds
# came after millions of objects, a process that sent a file held 100 MB more.
THRESHOLDS = 5_000, 2, 5


def collect_rarely():
    """For a process that makes tens of thousands of objects at a time, once all is loaded: what is
    there stays and is not looked at again, and rounds of the garbage collector come more rarely.
    They took up to a third of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
