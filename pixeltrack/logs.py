import logging
import traceback


class LineFormatter(logging.Formatter):
    """Tracebacks without the errors' own words: a database quotes the row that it refuses."""

    def formatException(self, ei):
        parts, error, seen = [], ei[1], set()
        while error and id(error) not in seen:  # django-redis raises errors that lead in a circle
            seen.add(id(error))
            frames = "".join(traceback.format_tb(error.__traceback__))
            parts.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}")
            error = error.__cause__ or error.__context__
        return "\n".join(parts)
