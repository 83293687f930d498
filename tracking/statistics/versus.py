"""The groups of a campaign beside its control."""

from datetime import datetime

from tracking.comparison import Comparison, compare
from tracking.confidence import Arm
from tracking.schedules import schedule_gap
from tracking.statistics.figures import Figures
from tracking.statistics.reading import schedules, shared

NOTHING = {"versus_control": None, "versus_control_raw": None, "shared": 0}
NOTHING |= {"schedule_warning": None}


def versus_control(groups: list[dict], parts: dict[int, Figures], as_of: datetime) -> dict:
    """Group id → the keys of NOTHING. Always of all openings up to now: the comparison may be
    looked at as often as one likes, but not at periods that somebody chooses. In two queries."""
    out, times = shared(parts, as_of), schedules(parts, as_of)
    found = {group: NOTHING | {"shared": out.get(group, (0,))[0]} for group in parts}
    control = next((group["id"] for group in groups if group["is_control"]), None)
    others = [group for group in parts if group != control]
    if control is None or not parts[control].by_contact:
        return found
    for key, is_raw in (("versus_control", False), ("versus_control_raw", True)):
        arms = {group: arm_of(parts[group], out.get(group), is_raw) for group in parts}
        compared = compare(arms[control], [arms[group] for group in others])
        for group, comparison in zip(others, compared, strict=True):
            found[group][key] = as_dict(comparison)
    for group in others:
        gap = schedule_gap(times.get(control, {}), times.get(group, {}), as_of)
        found[group]["schedule_warning"] = warning(gap)
    return found


def arm_of(part: Figures, out: tuple | None, is_raw: bool) -> Arm:
    """Without the contacts that are in several groups. They are read after the counts, so that
    somebody may have come or gone in between."""
    _, due, opened, verified = out or (0, 0, 0, 0)
    own = part.ever - opened if is_raw else part.ever_verified - verified
    own = max(own, 0)
    return Arm(max(part.all_due - due, own), own)


def as_dict(comparison: Comparison) -> dict:
    return {
        "difference": comparison.difference,
        "low": comparison.low,
        "high": comparison.high,
        "result": comparison.result.value,
        "contacts_wanted": comparison.contacts_wanted,
        "confidence": comparison.confidence,
    }


def warning(gap) -> dict | None:
    if gap is None or gap.comparable:
        return None
    hours = gap.apart.total_seconds() / 3600
    return {
        "code": "scheduled_apart",
        "later_s": round(gap.later.total_seconds()),
        "apart_s": round(gap.apart.total_seconds()),
        "detail": f"The group and the control are scheduled {hours:.1f} hours apart on average, so"
        " that their open rates can't be compared. Schedule the groups of a test for the same"
        " times.",
    }
