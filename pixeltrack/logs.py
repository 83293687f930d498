import logging
import traceback


class LineFormatter(logging.Formatter):
    """Tracebacks without the errors' own words: a database quotes the row that it refuses."""

    def formatException(self, ei):
        parts, error = [], ei[1]
        while error:
            frames = "".join(traceback.format_tb(error.__traceback__))
            parts.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}")
            error = error.__cause__ or error.__context__
        return "\n".join(parts)
