"""The oracle: compares what the client was told with what the database holds.

It knows the rules from the design alone and shares no code with what it judges.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from tests.ledger.findings import Findings
from tests.ledger.journal import Journal, event_id
from tests.ledger.page_views import views_of
from tests.ledger.view_oracle import ViewOracle

HOUR_MS = 60 * 60 * 1000
QUARTER_MS = 15 * 60 * 1000
AMBIGUOUS_SHARE = 0.001
AMBIGUOUS_ANYWAY = 10  # a killed worker takes some with it, however short the run
SLACK_S = 1.0  # what clocks may differ by that nobody has set
KEPT = ("openings", "mail_opens", "first_openings", "first_verified")


@dataclass(frozen=True)
class Opening:
    event_id: UUID
    pixel: int
    contact: int
    group: int
    user_agent: str
    network_label: str
    at: int
    begins_mail_open: bool
    verdict: str

    @property
    def reader(self) -> tuple[str, str]:
        return self.user_agent, self.network_label


@dataclass(frozen=True)
class ClockTime:
    """From when to when the clock of the web processes may have been off by how much."""

    since: float  # monotonic
    until: float
    minutes: tuple[int, ...]  # several while it is being set

    def overlaps(self, since, until) -> bool:
        return self.since < until and since < self.until


@dataclass
class Events:
    """What was done to the system that the oracle must know of; times on the monotonic clock."""

    begun: float = 0.0  # the first fault
    clock: list[ClockTime] = field(default_factory=list)
    poisoned: set[str] = field(default_factory=set)  # event ids


class Oracle:
    """`wall` is the time (seconds since 1970) at which the monotonic clock stood at 0."""

    def __init__(
        self,
        plan: dict,
        pixels: list[dict],
        journals: list[Journal],
        database: dict,
        *,
        wall: float,
        events: Events | None = None,
    ):
        self.events = events or Events()
        self.wall = wall
        self.plan, self.pixels = plan, pixels
        self.tried = {hit: sent for journal in journals for hit, sent in journal.tried.items()}
        self.answers = [answer for journal in journals for answer in journal.answers]
        self.pixels_tried = [hit for hit in self.tried if not self.is_of_pages(hit)]
        self.pixels_answered = [each for each in self.answers if not self.is_of_pages(each.hit)]
        self.views = ViewOracle(plan["hits"], journals, database, self.moments_between)
        self.wrong = [line for journal in journals for line in journal.wrong]
        self.openings = [Opening(UUID(row[0]), *row[1:]) for row in database["openings"]]
        self.counts, self.contacts = database["counts"], database["contacts"]
        self.quarantined = set(database["quarantined"])
        self.findings = Findings()

    def judge(self) -> Findings:
        self.find_lost()
        self.find_double()
        self.find_phantom()
        self.check_mail_opens()
        self.check_counts()
        self.check_contacts()
        self.check_replies()
        self.check_quarantine()
        self.findings.add(self.views.judge())
        return self.findings

    def is_of_pages(self, hit: int) -> bool:
        return bool(views_of(self.plan["hits"][hit]))

    def key_of(self, hit: int) -> tuple[int, str]:
        pixel, reader, _ = self.plan["hits"][hit]
        return self.pixels[pixel]["id"], self.plan["readers"][reader]

    def event_of(self, hit: int) -> UUID:
        pixel = self.plan["hits"][hit][0]
        return event_id(self.tried[hit], UUID(self.pixels[pixel]["uuid"]))

    def find_lost(self):
        """Every answered hit is an opening, or a refresh: its pixel and reader have an opening
        within the hour."""
        opened = defaultdict(list)
        recorded = {opening.event_id for opening in self.openings}
        for opening in self.openings:
            opened[opening.pixel, opening.user_agent].append(opening.at)
        for answer in self.pixels_answered:
            if self.event_of(answer.hit) in recorded:
                continue
            moments = self.moments_between(answer.sent, answer.sent + answer.ms / 1000)
            reach = HOUR_MS + SLACK_S * 1000
            if not any(
                abs(at - moment) < reach
                for at in opened[self.key_of(answer.hit)]
                for moment in moments
            ):
                at = answer.sent + answer.ms / 1000 - self.events.begun
                self.findings.lost.append(
                    f"hit {answer.hit}, answered as {answer.outcome} at {at:.3f} s"
                )

    def moments_between(self, since: float, ended: float) -> set[float]:
        """What time it was in the end (ms), by a clock that may just then have been set."""
        times = [each for each in self.events.clock if each.overlaps(since, ended)]
        off = {minutes for each in times for minutes in each.minutes} or {0}
        if times and not any(each.since <= since for each in times):
            off.add(0)
        if times and not any(ended <= each.until for each in times):
            off.add(0)
        return {(self.wall + ended) * 1000 + minutes * 60_000 for minutes in off}

    def find_double(self):
        moments = defaultdict(list)
        for opening in self.openings:
            moments[opening.pixel, opening.reader].append(opening.at)
        for (pixel, _), times in moments.items():
            for one, other in pairwise(sorted(times)):
                if other - one < HOUR_MS:
                    self.findings.double.append(f"pixel {pixel} twice, {other - one} ms apart")
        for opened, times in Counter(opening.event_id for opening in self.openings).items():
            if times > 1:
                self.findings.double.append(f"event {opened} is there {times} times")

    def find_phantom(self):
        """Every opening is that of a hit that was tried: its event id, pixel and reader."""
        tried = {}
        for hit in self.pixels_tried:
            tried[self.event_of(hit)] = *self.key_of(hit), ""
        for opening in self.openings:
            found = opening.pixel, opening.user_agent, opening.network_label
            if tried.get(opening.event_id) != found:
                self.findings.phantom.append(f"pixel {opening.pixel}, event {opening.event_id}")

    def check_mail_opens(self):
        """No two mail opens of a contact and reader are within an hour, and every opening is
        within an hour of one."""
        readers = defaultdict(list)
        for opening in self.openings:
            readers[opening.contact, opening.reader].append(opening)
        for (contact, _), openings in readers.items():
            begun = sorted(opening.at for opening in openings if opening.begins_mail_open)
            if any(other - one < HOUR_MS for one, other in pairwise(begun)):
                self.findings.other.append(f"contact {contact}: a mail open counted twice")
            for opening in openings:
                if not any(abs(opening.at - at) < HOUR_MS for at in begun):
                    self.findings.other.append(f"contact {contact}: a mail open not counted")

    def check_counts(self):
        """What is counted per quarter of an hour is what the openings add up to."""
        rebuilt = defaultdict(Counter)
        firsts, verified = {}, {}
        for opening in self.openings:
            key = opening.group, opening.at // QUARTER_MS * QUARTER_MS, opening.verdict
            rebuilt[key].update(openings=1, mail_opens=int(opening.begins_mail_open))
            remember_first(firsts, opening)
            if opening.verdict != "machine":
                remember_first(verified, opening)
        for measure, openings in (("first_openings", firsts), ("first_verified", verified)):
            for opening in openings.values():
                key = opening.group, opening.at // QUARTER_MS * QUARTER_MS, opening.verdict
                rebuilt[key][measure] += 1
        kept = {tuple(row[:3]): dict(zip(KEPT, row[3:], strict=True)) for row in self.counts}
        for key in rebuilt.keys() | kept.keys():
            for measure in KEPT:
                there, wanted = kept.get(key, {}).get(measure, 0), rebuilt[key][measure]
                if there != wanted:
                    self.findings.other.append(f"{measure} of {key}: {there}, not {wanted}")

    def check_contacts(self):
        rebuilt = defaultdict(list)
        for opening in self.openings:
            rebuilt[opening.contact].append(opening)
        kept = {row[0]: tuple(row[1:]) for row in self.contacts}
        for contact in rebuilt.keys() | kept.keys():
            times = [opening.at for opening in rebuilt[contact]]
            verified = [each.at for each in rebuilt[contact] if each.verdict != "machine"]
            wanted = (
                len(times),
                sum(each.begins_mail_open for each in rebuilt[contact]),
                min(times, default=None),
                max(times, default=None),
                min(verified, default=None),
            )
            if kept.get(contact) != wanted:
                self.findings.other.append(f"contact {contact}: {kept.get(contact)}, not {wanted}")

    def check_replies(self):
        for line in self.wrong:
            self.findings.other.append(f"a reply that must not be: {line}")
        for answer in self.answers:
            if {"lost", "unknown"} & set(answer.outcome.split(",")):
                self.findings.other.append(f"hit {answer.hit} was answered as {answer.outcome}")
        tried = len(self.tried)
        ambiguous = tried - len({answer.hit for answer in self.answers})
        if ambiguous >= max(AMBIGUOUS_SHARE * tried, AMBIGUOUS_ANYWAY):
            self.findings.other.append(f"{ambiguous} of {tried} hits are ambiguous")

    def check_quarantine(self):
        """It holds the poison that was put into the stream, all of it and nothing else."""
        for event in self.quarantined - self.events.poisoned:
            self.findings.other.append(f"a good hit is in quarantine: {event}")
        for event in self.events.poisoned - self.quarantined:
            self.findings.lost.append(f"poison that nobody put into quarantine: {event}")


def remember_first(firsts: dict[int, Opening], opening: Opening):
    """Of several at the same time the one recorded first counts."""
    known = firsts.get(opening.contact)
    if known is None or opening.at < known.at:
        firsts[opening.contact] = opening
