from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """What was found out about a file. Goes through JSON and back: `Facts(**asdict(facts))`."""

    packing: str  # "", "gzip" or "zip"
    form: str  # "csv", "json" (one array) or "jsonl" (an object per line)
    encoding: str  # "utf-8", "utf-16" and "utf-32" with a BOM, "utf-16-le", "utf-16-be", "latin-1"
    delimiter: str  # "" for JSON
    columns: tuple[str, ...]  # as they stand in the header, trimmed; () for JSON
    size: int | None = None  # bytes, unpacked; None where only the head was read

    def __post_init__(self):
        object.__setattr__(self, "columns", tuple(self.columns))  # JSON knows lists only
