from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from campaigns.models import Pixel
from tracking.client_names import NAMES
from tracking.models.user_agent import UserAgent

QUARTER = timedelta(minutes=15)
MEASURES = ("openings", "mail_opens", "first_openings", "first_verified")
PLACES = {measure: place for place, measure in enumerate(MEASURES)}
READ_AT_ONCE = 5_000  # rows
LOOKED_UP_AT_ONCE = 500  # SQLite takes fewer than 1,000 in one condition

Trait = tuple[str, str | int | None]


def quarter_of(moment: datetime) -> datetime:
    """When the quarter of an hour that holds the moment begins."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def day_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


class Sums(defaultdict):
    """What is to be added to a table of counts: key of a row → a difference for each measure."""

    # Lists, because Counters by the thousand would be a tenth of what the consumer does.
    def __init__(self):
        super().__init__(lambda: [0] * len(MEASURES))

    def add(self, key: tuple, numbers: Iterable[int]):
        own = self[key]
        openings, mail_opens, first_openings, first_verified = numbers
        own[0] += openings  # a loop would take twice as long, ten times for each opening
        own[1] += mail_opens
        own[2] += first_openings
        own[3] += first_verified

    def take_in(self, rows: Iterable[tuple], sign: int):
        """Add rows of such a table (values of the key, then of the measures), or (sign -1) take
        them off."""
        for row in rows:
            self.add(row[: -len(MEASURES)], [sign * number for number in row[-len(MEASURES) :]])

    def rows(self) -> list[tuple]:
        """(values of the key, a difference per measure), sorted, without empty ones.

        Sorted, because two consumers that lock rows in different orders deadlock.
        """
        return [(*key, *self[key]) for key in sorted(self) if any(self[key])]


class Tally:
    """What is to be added to the counts, by group, time, verdict and traits.

    A trait is a dimension and a value, by which openings are broken down. The pixel and the
    User-Agent may be given by their ids, as `pixel_id` and `user_agent_id`; what they stand for is
    looked up once, at the end.
    """

    def __init__(self):
        self._quarters, self._days = Sums(), Sums()
        # Where somebody knows them already: id → number, and id → names (NAMES).
        self.pixels: dict[int, int] = {}
        self.user_agents: dict[int, tuple[str, ...]] = {}
        self._quarter = self._next_quarter = datetime.min.replace(tzinfo=UTC)
        self._day = date.min

    def pixel(self, pixel_id: int | None) -> Trait | None:
        """The trait of an opening's pixel; an anonymous one has none."""
        if pixel_id is None:
            return None
        number = self.pixels.get(pixel_id)
        return ("pixel_id", pixel_id) if number is None else ("pixel", str(number))

    def note(
        self,
        group_id: int,
        moment: datetime,
        verdict: str,
        traits: tuple[Trait, ...],
        **measures: int,
    ):
        if not self._quarter <= moment < self._next_quarter:  # hardly ever: they come together
            self._quarter = quarter_of(moment)
            self._next_quarter = self._quarter + QUARTER
            self._day = day_of(self._quarter)
        quarter, day, days = self._quarter, self._day, self._days
        rows = [self._quarters[group_id, quarter, verdict]]
        rows += [days[group_id, day, dimension, value, verdict] for dimension, value in traits]
        for measure, number in measures.items():
            if number:
                place = PLACES[measure]
                for row in rows:
                    row[place] += number

    def sums(self) -> tuple[Sums, Sums]:
        """(group id, quarter, verdict) → …, and (group id, day, dimension, value, verdict) → …"""
        noted = {key: numbers for key, numbers in self._days.items() if any(numbers)}
        traits = {(dimension, value) for _, _, dimension, value, _ in noted}
        meant, days = looked_up(traits, self.pixels, self.user_agents), Sums()
        for (group_id, day, *trait, verdict), numbers in noted.items():
            for dimension, value in meant.get(tuple(trait), (trait,)):
                # MySQL takes texts for the same that differ in spaces at their end.
                days.add((group_id, day, dimension, value.rstrip(" "), verdict), numbers)
        return self._quarters, days


def looked_up(
    traits: set[Trait], pixels: dict[int, int], user_agents: dict[int, tuple[str, ...]]
) -> dict[Trait, list[Trait]]:
    """What those stand for that are given by an id; the numbers of some pixels, and the names of
    some User-Agents, are known."""
    ids = {value for dimension, value in traits if dimension == "pixel_id"}
    further = values_of(Pixel, ids - pixels.keys(), "number")
    numbers = pixels | {pk: number for pk, (number,) in further.items()}
    agents = {value for dimension, value in traits if dimension == "user_agent_id"}
    further = values_of(UserAgent, agents - {None, *user_agents}, *NAMES)
    known = {None: ("",) * len(NAMES)} | user_agents | further
    return {("pixel_id", pk): [("pixel", str(numbers[pk]))] for pk in ids} | {
        ("user_agent_id", pk): list(zip(NAMES, known[pk], strict=True)) for pk in agents
    }


def values_of(model, ids: set[int], *names: str) -> dict[int, tuple]:
    """id → values of these fields"""
    found, wanted = {}, sorted(ids)
    for start in range(0, len(wanted), LOOKED_UP_AT_ONCE):
        some = model.objects.filter(pk__among=wanted[start : start + LOOKED_UP_AT_ONCE])
        found |= {pk: values for pk, *values in some.values_list("pk", *names)}
    return found
