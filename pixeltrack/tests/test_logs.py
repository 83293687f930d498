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
