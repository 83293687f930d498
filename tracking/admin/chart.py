"""Charts of views by hour."""

from dataclasses import dataclass

from tracking.page_views.figures import Hour
from tracking.panels.svg import spark


@dataclass(frozen=True)
class Chart:
    hours: list[Hour]

    @property
    def most(self) -> int:
        return max(hour.views for hour in self.hours)

    @property
    def middle(self) -> Hour:
        return self.hours[len(self.hours) // 2]

    @property
    def words(self) -> str:
        """The same for those who don't see it."""
        if not self.most:
            return f"No views in the last {len(self.hours)} hours."
        top = max(self.hours, key=lambda hour: hour.views)
        return (
            f"The last {len(self.hours)} hours: most views at {top.at:%H:%M} UTC, {top.views:,} "
            f"in that hour; {self.hours[-1].views:,} in the present one."
        )

    @property
    def svg(self) -> str:
        return spark([hour.views for hour in self.hours], self.words)
