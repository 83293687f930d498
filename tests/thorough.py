"""What `make prove` asks for beyond `make test`, which is to take minutes on any machine."""

import os

THOROUGH = os.environ.get("THOROUGH") == "yes"


def promised(seconds: float, within: float):
    """A promise of speed holds on a machine that does nothing else: `make prove` sees to that."""
    assert not THOROUGH or seconds < within, f"{seconds:.2f} s, and {within} were promised"
