"""Times as hits have them, in milliseconds, and as the database has them."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def moment_of(hit) -> datetime:
    return datetime.fromtimestamp(hit.at / 1000, UTC)


def milliseconds(moment: datetime) -> int:
    """Never rounded up: what is now is not to come."""
    return (moment - EPOCH) // MILLISECOND
