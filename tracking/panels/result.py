"""Which version do people open, and how sure are we: the comparison with the control, in words."""

from dataclasses import dataclass

from tracking.comparison import Result
from tracking.panels.side import Side
from tracking.panels.words import about, number, points, times


@dataclass(frozen=True)
class Sentence:
    """`kind`: `sure` (decided), `open` (not yet), `caution` (it can't be relied on)."""

    kind: str
    text: str
    note: str = ""


def sentences(told: dict, side: Side) -> list[Sentence]:
    """`told`: as statistics_of tells it. One for each group beside the control, the surest first;
    or one that says why there is none."""
    groups = told["groups"]
    if told["raw"]["contacts"] is None:
        return [
            caution(
                "The campaign is anonymous: groups are not compared, as who opened is not known."
            )
        ]
    if len(groups) == 1:
        return [
            still(
                "One group only: there is nothing to compare.",
                "Add a second one below, under Settings and groups.",
            )
        ]
    control = next((group for group in groups if group["is_control"]), None)
    if control is None:
        return [
            still(
                "No group is the control, so that none is compared.",
                "Choose one below, under Settings and groups.",
            )
        ]
    others = [group for group in groups if group is not control]
    found = [sentence(group, control, group[side.versus]) for group in others]
    order = {"sure": 0, "open": 1, "caution": 2}
    return sorted(found, key=lambda each: order[each.kind])


def sentence(group: dict, control: dict, versus: dict) -> Sentence:
    text = in_words(quoted(group), quoted(control), versus)
    if warning := group["schedule_warning"]:
        return caution(f"{text} This can't be relied on.", warning["detail"])
    if versus["result"] in (Result.BETTER, Result.WORSE):
        return Sentence("sure", text, note_of(group, versus))
    return still(text, note_of(group, versus))


def in_words(name: str, control: str, versus: dict) -> str:
    low, high = versus["low"], versus["high"]
    match versus["result"]:
        case Result.BETTER:
            return f"{name} is better than {control} by {points(low)} to {points(high)} points."
        case Result.WORSE:
            return f"{name} is worse than {control} by {points(high)} to {points(low)} points."
        case Result.NO_DIFFERENCE_YET if low is not None:
            return (
                f"No difference between {name} and {control} is seen yet: it may be from "
                f"{points(low)} points less to {points(high)} more."
            )
        case Result.NO_DIFFERENCE_YET:
            return f"No difference between {name} and {control} is seen yet."
    if wanted := versus["contacts_wanted"]:
        return f"Too early to tell {name} from {control}: about {about(wanted)} more contacts."
    if versus["difference"] is None:
        return f"Too early to tell {name} from {control}: both need contacts that are due."
    return f"Too early to tell {name} from {control}, as long as none or all have opened."


def note_of(group: dict, versus: dict) -> str:
    notes = []
    if versus["low"] is not None:
        sure = number(100 * versus["confidence"], 0 if versus["confidence"] == 0.95 else 1)
        notes.append(f"{sure} % interval, however often you look.")
    if group["shared"]:
        many = times(group["shared"], "contact")
        stand = "stands" if group["shared"] == 1 else "stand"
        notes.append(f"{many} of {quoted(group)} {stand} in another group as well: left out.")
    return " ".join(notes)


def quoted(group: dict) -> str:
    """A name may be any words, which would read on as those of the sentence."""
    return f"“{group['name']}”"


def caution(text: str, note: str = "") -> Sentence:
    return Sentence("caution", text, note)


def still(text: str, note: str = "") -> Sentence:
    return Sentence("open", text, note)
