import logging
import traceback

# No token, address or full IP in any of them.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "pixeltrack.logs.LineFormatter",
            "format": "%(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # A request line would name pixel tokens and addresses in query strings.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
    },
}


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
