from enum import StrEnum


class Outcome(StrEnum):
    """What became of a hit by the time its client was answered."""

    STORED = "stored"  # in Redis
    REFRESH = "refresh"
    DATABASE = "database"
    SPOOLED = "spooled"
    UNKNOWN = "unknown"  # its token is none of ours
    LOST = "lost"
