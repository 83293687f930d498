"""What SQL over openings and contacts says of a campaign, to hold the statistics to it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil

from benchmarks.statistics_campaign import Database, Made
from tracking.delay import BUCKETS, bucket_of

SHARES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
OF_OPENINGS = "FROM tracking_opening o WHERE o.group_id IN %(groups)s"
PERIOD = "AND o.opened_at >= %(begin)s AND o.opened_at < %(end)s"
# A row for each contact that has opened.
FIRSTS = """
CREATE TABLE bench_firsts (contact_id INT PRIMARY KEY, INDEX (group_id, verified_s))
SELECT *, GREATEST(0, TIMESTAMPDIFF(SECOND, scheduled_at, verified_at)) AS verified_s
FROM (
    SELECT o.contact_id, o.group_id, c.scheduled_at, MIN(o.opened_at) AS first_at,
        MIN(IF(o.verdict = 'machine', NULL, o.opened_at)) AS verified_at,
        MIN(CONCAT(o.opened_at, ' ', o.verdict)) AS first_verdict,
        BIT_OR(p.number) AS seen
    FROM tracking_opening o JOIN campaigns_pixel p ON p.id = o.pixel_id
        JOIN campaigns_contact c ON c.id = o.contact_id
    WHERE o.group_id IN %(groups)s GROUP BY o.contact_id
) AS firsts"""


class Truth:
    """Of one campaign; `period`: from when, and before when, the second question asks."""

    def __init__(self, database: Database, made: Made, period: tuple[datetime, datetime]):
        self.database, self.made, self.period = database, made, period
        begin, end = (moment.replace(tzinfo=None) for moment in period)
        self.parameters = {"groups": made.groups, "begin": begin, "end": end}
        self.run("DROP TABLE IF EXISTS bench_firsts")
        self.run(FIRSTS)

    def run(self, query: str, **more) -> list[tuple]:
        return self.database.run(query, self.parameters | more)

    def differences(self, told: dict, told_of_period: dict) -> list[str]:
        """Where the answers to the two questions say something else."""
        return [
            *self._compare("whole", told, self.whole(told["as_of"])),
            *self._compare("period", told_of_period, self.of_period()),
            *self._late(told["time_to_open"]),
        ]

    def _compare(self, what: str, told: dict, expected: dict) -> Iterator[str]:
        """`expected`: group id → name of the figure → what it has to be."""
        sides = [("campaign", told, added_up(expected.values()))]
        sides += [(f"group {each['id']}", each, expected[each["id"]]) for each in told["groups"]]
        for side, answer, figures in sides:
            for name, figure in figures.items():
                said = READ[name](answer)
                if said != figure:
                    yield f"{what}, {side}, {name}: {short(said)} and not {short(figure)}"

    # -- Figures -------------------------------------------------------------------------------
    def whole(self, as_of: str) -> dict[int, dict]:
        found = self._of_openings("")
        for group, contacts, due in self.run(
            "SELECT group_id, COUNT(*), SUM(scheduled_at <= %(now)s OR contact_id IS NOT NULL)"
            " FROM campaigns_contact c LEFT JOIN (SELECT contact_id FROM bench_firsts) AS opened"
            " ON contact_id = id WHERE group_id IN %(groups)s GROUP BY group_id",
            now=datetime.fromisoformat(as_of).replace(tzinfo=None),
        ):
            found[group] |= {"contacts": contacts, "due": int(due)}
        for group, opened, verified in self.run(
            "SELECT group_id, COUNT(*), COUNT(verified_at) FROM bench_firsts GROUP BY group_id"
        ):
            found[group] |= {"opened": opened, "verified": verified, "unknown": opened - verified}
        found = self._grouped(
            found,
            "rendered",
            "SELECT group_id, ELT(seen, 'top', 'part', 'complete'), COUNT(*)"
            " FROM bench_firsts GROUP BY 1, 2",
        )
        found = self._grouped(
            found,
            "first_verdicts",
            "SELECT group_id, SUBSTRING_INDEX(first_verdict, ' ', -1), COUNT(*)"
            " FROM bench_firsts GROUP BY 1, 2",
        )
        agents = "FROM tracking_opening o JOIN tracking_useragent u ON u.id = o.user_agent_id"
        for name, column, tables in (
            ("clients", "u.client", agents),
            ("systems", "u.os", agents),
            ("reasons", "CONCAT(o.reason, ' ', o.verdict)", "FROM tracking_opening o"),
        ):
            where = OF_OPENINGS.partition("WHERE")[2]
            query = f"SELECT o.group_id, {column}, COUNT(*), SUM(o.begins_mail_open) {tables}"
            found = self._grouped(found, name, f"{query} WHERE {where} GROUP BY 1, 2")
        return found

    def of_period(self) -> dict[int, dict]:
        found = self._of_openings(PERIOD)
        for group, opened, verified in self.run(
            "SELECT group_id, SUM(first_at >= %(begin)s AND first_at < %(end)s),"
            " COALESCE(SUM(verified_at >= %(begin)s AND verified_at < %(end)s), 0)"
            " FROM bench_firsts GROUP BY group_id"
        ):
            found[group] |= {"opened": int(opened), "verified": int(verified)}
        return found

    def _of_openings(self, period: str) -> dict[int, dict]:
        """Of the openings themselves, by verdict and by hour."""
        found = {group: {} for group in self.made.groups}
        numbers = f"COUNT(*), SUM(o.begins_mail_open) {OF_OPENINGS} {period} GROUP BY 1, 2"
        found = self._grouped(found, "verdicts", f"SELECT o.group_id, o.verdict, {numbers}")
        hour = "DATE_FORMAT(o.opened_at, '%%Y-%%m-%%dT%%H:00:00Z')"
        return self._grouped(found, "series", f"SELECT o.group_id, {hour}, {numbers}")

    def _grouped(self, found: dict[int, dict], name: str, query: str) -> dict[int, dict]:
        """With the numbers by some key that the query tells of each group."""
        for figures in found.values():
            figures[name] = {}
        for group, key, *numbers in self.run(query):
            found[group][name][key] = tuple(map(int, numbers))
        return found

    def _late(self, told: dict) -> Iterator[str]:
        """The percentiles are told to within a bucket."""
        [(number,)] = self.run("SELECT COUNT(verified_at) FROM bench_firsts")
        for name, share in SHARES.items():
            [(seconds,)] = self.run(
                "SELECT verified_s FROM bench_firsts WHERE verified_at IS NOT NULL"
                " ORDER BY verified_s LIMIT 1 OFFSET %(place)s",
                place=ceil(share * number) - 1,
            )
            begin = bucket_of(seconds)
            if not begin <= told[name] <= min(each for each in BUCKETS if each > begin):
                yield f"time to open, {name}: {told[name]} s and not {seconds} s"


def added_up(figures) -> dict:
    """Of all groups together."""
    whole = defaultdict(Counter)
    for group in figures:
        for name, figure in group.items():
            numbers = figure if isinstance(figure, dict) else {None: (figure,)}
            for key, each in numbers.items():
                whole[name].update({(key, place): number for place, number in enumerate(each)})
    return {name: unfolded(numbers) for name, numbers in whole.items()}


def unfolded(numbers: Counter) -> dict | int:
    if (None, 0) in numbers:
        return numbers[None, 0]
    found = defaultdict(list)
    for key, place in sorted(numbers, key=lambda each: (str(each[0]), each[1])):
        found[key].append(numbers[key, place])
    return {key: tuple(each) for key, each in found.items()}


def by(key: str, *measures: str):
    return lambda rows: {row[key]: tuple(row[measure] for measure in measures) for row in rows}


MEASURES = ("openings", "mail_opens")
# Name of the figure → where the statistics tell it.
READ = {
    "contacts": lambda told: told["contacts"],
    "due": lambda told: told["due"],
    "opened": lambda told: told["opened_contacts"]["any"],
    "verified": lambda told: told["opened_contacts"]["verified"],
    "unknown": lambda told: told["unknown"],
    "series": lambda told: by("at", *MEASURES)(told["series"]),
    "clients": lambda told: by("name", *MEASURES)(told["clients"]),
    "systems": lambda told: by("name", *MEASURES)(told["systems"]),
    "reasons": lambda told: {
        f"{row['reason']} {row['verdict']}": (row["openings"], row["mail_opens"])
        for row in told["reasons"]
    },
    "verdicts": lambda told: {
        verdict: (told["openings"][verdict], told["mail_opens"][verdict])
        for verdict in ("human", "proxy", "machine")
    },
    "first_verdicts": lambda told: by("verdict", "contacts")(told["verdicts"]),
    "rendered": lambda told: {
        name: (number,) for name, number in told["rendered_raw"].items() if number
    },
}


def short(figure) -> str:
    text = str(figure)
    return text if len(text) <= 200 else f"{text[:200]} …"


def a_week(made: Made) -> tuple[datetime, datetime]:
    """With openings of all kinds; it begins and ends within hours."""
    begin = made.begin + timedelta(days=3, hours=9, minutes=15)
    return begin, begin + timedelta(days=7)
