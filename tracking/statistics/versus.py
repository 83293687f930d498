"""The groups of a campaign beside its control."""

from datetime import datetime

from campaigns.models import SharedContact
from campaigns.models.scheduled_times import ScheduledTimes
from tracking.comparison import Comparison, compare
from tracking.confidence import Arm
from tracking.schedules import ScheduleGap, schedule_gap
from tracking.statistics.figures import Figures
from tracking.statistics.reading import shared

NOTHING = {"versus_control": None, "versus_control_raw": None, "shared": 0}
NOTHING |= {"schedule_warning": None}
MOST_EARLY = 0.1  # of those who have opened: more were not sent when they are scheduled


def versus_control(
    groups: list[dict], parts: dict[int, Figures], schedules: ScheduledTimes, as_of: datetime
) -> dict:
    """Group id → the keys of NOTHING. Always of all openings up to now: the comparison may be
    looked at as often as one likes, but not at periods that somebody chooses.

    Compared are the contacts that are due by schedule, with their openings. Of those who open
    before they are due, only the ones that open are known: they would all count as opened.

    In one query.
    """
    control = next((group["id"] for group in groups if group["is_control"]), None)
    if control is None or not parts[control].by_contact:
        numbers = SharedContact.objects.counts(parts)
        return {group: NOTHING | {"shared": numbers.get(group, 0)} for group in parts}
    out = shared(parts, as_of)
    found = {group: NOTHING | {"shared": out.get(group, (0,))[0]} for group in parts}
    others = [group for group in parts if group != control]
    tests: dict[int, list[tuple]] = {group: [] for group in others}
    for key, is_raw in (("versus_control", False), ("versus_control_raw", True)):
        arms = {group: arm_of(parts[group], out.get(group), is_raw) for group in parts}
        compared = compare(arms[control], [arms[group] for group in others])
        for group, comparison in zip(others, compared, strict=True):
            found[group][key] = as_dict(comparison)
            tests[group].append((arms[control], arms[group], comparison))
    for group in others:
        found[group]["schedule_warning"] = early_warning(
            parts[control], parts[group]
        ) or gap_warning(schedules, control, group, as_of, tests[group])
    return found


def arm_of(part: Figures, out: tuple | None, is_raw: bool) -> Arm:
    """Without the contacts that are in several groups, and without those that are not due by
    schedule. They are read after the counts, so that somebody may have come or gone in between."""
    _, due, opened, verified = out or (0, 0, 0, 0)
    if is_raw:
        own = part.ever - part.early - opened
    else:
        own = part.ever_verified - part.early_verified - verified
    own = max(own, 0)
    return Arm(max(part.due - due, own), own)


def as_dict(comparison: Comparison) -> dict:
    return {
        "difference": comparison.difference,
        "low": comparison.low,
        "high": comparison.high,
        "result": comparison.result.value,
        "contacts_wanted": comparison.contacts_wanted,
        "confidence": comparison.confidence,
    }


def early_warning(control: Figures, group: Figures) -> dict | None:
    """Where many have opened that are scheduled for later."""
    if not any(part.early > MOST_EARLY * part.ever for part in (control, group)):
        return None
    return {
        "code": "opened_early",
        "later_s": None,
        "apart_s": None,
        "detail": f"{group.early:,} contacts of the group and {control.early:,} of the control have"
        " opened although they are scheduled for later, so mails were not sent when the schedule"
        " says. They are left out of the comparison, and the others can't be relied on. Correct"
        " scheduled_at.",
    }


def gap_warning(
    schedules: ScheduledTimes, control: int, group: int, as_of: datetime, tests: list[tuple]
) -> dict | None:
    """Where the schedules differ so much that it may be what is seen. `tests`: (arm of the control,
    arm of the group, their comparison)."""
    whole = schedule_gap(schedules.times[control], schedules.times[group], as_of)
    # Of a long schedule, what is hours apart each day is seen in the days that are known to the
    # minute.
    last = whole
    if not schedules.is_precise:
        last = schedule_gap(schedules.precise(control), schedules.precise(group), as_of)
    for gap in (whole, last):
        if gap and not gap.comparable:
            return gap_as_dict(gap, "so that their open rates can't be compared")
    if whole and any(explains(whole, *test) for test in tests):
        return gap_as_dict(whole, "which is enough to make such a difference in groups as large")
    return None


def explains(gap: ScheduleGap, control: Arm, group: Arm, comparison: Comparison) -> bool:
    if comparison.low is None:
        return False
    rate = max(arm.opened / arm.contacts for arm in (control, group))
    return gap.may_decide(rate, (comparison.high - comparison.low) / 2)


def gap_as_dict(gap: ScheduleGap, so: str) -> dict:
    apart_s = gap.apart.total_seconds()
    apart = f"{apart_s / 60:.0f} minutes" if apart_s < 3600 else f"{apart_s / 3600:.1f} hours"
    return {
        "code": "scheduled_apart",
        "later_s": round(gap.later.total_seconds()),
        "apart_s": round(apart_s),
        "detail": f"The group and the control are scheduled {apart} apart on average, {so}."
        " Schedule the groups of a test for the same times.",
    }
