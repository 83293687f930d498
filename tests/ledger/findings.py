"""What an oracle has to say."""

from dataclasses import dataclass, field


@dataclass
class Findings:
    """Each list holds one sentence per case."""

    lost: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    phantom: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    def add(self, others: "Findings"):
        self.lost += others.lost
        self.double += others.double
        self.phantom += others.phantom
        self.other += others.other

    def __bool__(self) -> bool:
        return bool(self.lost or self.double or self.phantom or self.other)

    def lines(self, most=5) -> list[str]:
        found = []
        for name in ("lost", "double", "phantom", "other"):
            cases = getattr(self, name)
            found += [f"{name}: {case}" for case in cases[:most]]
            if len(cases) > most:
                found.append(f"{name}: … and {len(cases) - most} more")
        return found
