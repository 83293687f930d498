"""Times as hits have them, in milliseconds, and as the database has them."""

from datetime import UTC, datetime


def moment_of(hit) -> datetime:
    return datetime.fromtimestamp(hit.at / 1000, UTC)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
