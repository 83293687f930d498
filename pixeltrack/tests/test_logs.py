import logging
import sys

from pixeltrack.logs import LineFormatter


def test_a_traceback_does_not_repeat_what_an_error_quotes():
    address = "@".join(["ada", "example.com"])  # the lines of the traceback show this source
    try:
        try:
            raise KeyError(address)
        except KeyError as error:
            raise ValueError(f"Duplicate entry {address}") from error
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "It failed", (), sys.exc_info())
    text = LineFormatter("%(levelname)s %(message)s").format(record)
    assert text.startswith("ERROR It failed")
    assert "builtins.ValueError" in text
    assert "builtins.KeyError" in text
    assert "test_a_traceback_does_not_repeat" in text
    assert "ada@" not in text


def test_errors_that_lead_in_a_circle_are_told_once_each():
    """As django-redis raises them when Redis can't be reached."""
    one, other = ValueError(), KeyError()
    one.__cause__, other.__context__ = other, one
    record = logging.LogRecord("x", logging.ERROR, "", 1, "It failed", (), (ValueError, one, None))
    text = LineFormatter("%(message)s").format(record)
    assert text.split() == ["It", "failed", "builtins.ValueError", "builtins.KeyError"]
