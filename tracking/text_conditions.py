"""Conditions on a text, as the data files name them. Each takes the text and a tuple of what is
wanted, of which one is enough."""

TEXT_CONDITIONS = {
    "equals": lambda text, wanted: text in wanted,
    "begins": lambda text, wanted: text.startswith(wanted),
    "contains": lambda text, wanted: any(each in text for each in wanted),
    "ends": lambda text, wanted: text.endswith(wanted),
}


def one_or_more(wanted: str | list[str]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)
