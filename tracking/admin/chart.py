"""Charts of views by hour: bars in SVG, which take their colours from the page around them."""

from dataclasses import dataclass

from django.utils.html import format_html

from tracking.page_views.figures import Hour

BAR, STEP, HEIGHT = 4, 5, 24
# The bar of the last hour is another one, for that hour isn't over yet.
SVG = (
    '<svg class="views-bars" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img"'
    ' aria-label="{words}"><title>{words}</title>'
    '<path class="views-base" d="M0 {height}h{width}"/><path d="{past}"/>'
    '<path class="views-now" d="{now}"/></svg>'
)


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
        bars = [self._bar(place, hour.views) for place, hour in enumerate(self.hours)]
        return format_html(
            SVG,
            width=STEP * len(bars) - 1,
            height=HEIGHT,
            words=self.words,
            past="".join(bars[:-1]),
            now=bars[-1],
        )

    def _bar(self, place: int, views: int) -> str:
        if not views:
            return ""
        tall = max(1, round(HEIGHT * views / self.most, 1))  # a few are seen beside many
        return f"M{place * STEP} {HEIGHT}v-{tall:g}h{BAR}v{tall:g}z"
