from datetime import timedelta
from types import SimpleNamespace

from tracking.moment import milliseconds, moment_of


def test_a_moment_is_never_put_off():
    for at in range(1_772_366_400_000, 1_772_366_401_000):
        moment = moment_of(SimpleNamespace(at=at))
        for later in (0, 500, 999):
            assert milliseconds(moment + timedelta(microseconds=later)) == at
