"""How long the pages of the admin take, in words and figures."""

from benchmarks.admin_pages_walk import USERS, Page, Walk
from benchmarks.machine import made_on

MOST_MS, SHOWN = 300, 40
HEAD = """\
# How long the pages of the admin take

Made by `{command}`
on {day}: {machine}, {cores} cores, all tiers and the client on the
same machine. Python {python}, Django {django}, gunicorn {gunicorn}, MariaDB {mariadb}. Load average
of the machine before it began: {load:.1f}, and before the pages were measured: {load_then:.1f}.
An idle one has 0; other work beside it makes all times worse than they are.

{openings:,} openings and {contacts:,} contacts: one large campaign with four fifths of them, one of
another team that is newer and spread over a year, and small ones. The database itself wrote them;
the counts are made by `manage.py rebuild_counts`. Which pages there are is asked of the admin: its
lists, each choice of each filter, each order, searches, forms, histories, deletions, choices while
one types, live panels and files, of a superuser and of an editor of one team. Each is asked for
once, and then {requests} times: *ms* is the median of these, *CPU* that of the web process and of
the database, and *queries* what it takes them. Of a file, the time is that to its first part.
"""


TABLE = ["| page | who | ms | CPU, ms | first time, ms | queries |", "|---" * 6 + "|"]


def problems(walk: Walk) -> list[str]:
    slow = [f"{page.user}, {page.what}: {page.ms:.0f} ms" for page in over(walk)]
    left = [f"{line}: not walked, and nobody says why" for line in walk.unwalked]
    return list(dict.fromkeys(walk.problems)) + left + slow


def over(walk: Walk) -> list[Page]:
    return [page for page in walk.pages if page.ms >= MOST_MS]


def report(walk: Walk, options) -> str:
    ordered = sorted(walk.pages, key=lambda page: -page.ms)
    found = problems(walk)
    lines = [head(walk, options), "## What was to hold", ""]
    for user in USERS:
        own = [page for page in ordered if page.user == user]
        under = sum(page.ms < MOST_MS for page in own)
        reached = "reached" if under == len(own) else "**not reached**"
        lines.append(f"- {reached}: {user}: {under} of {len(own)} pages under {MOST_MS} ms")
    lines += [f"- **not reached**: {problem}" for problem in found]
    if not walk.problems:
        lines.append("- reached: every page is there, and those held to SQL tell what it counts")
    if walk.empty:
        lines.append(f"- not asked for, as there is no such row here: {', '.join(walk.empty)}")
    lines += ["", f"## The {SHOWN} slowest", ""]
    lines += [
        "| page | who | ms | CPU, ms | first time, ms | queries |",
        "|---|---|---|---|---|---|",
    ]
    lines += [row(page) for page in ordered[:SHOWN]]
    lines += ["", "## Those with the most queries", ""]
    lines += [
        "| page | who | ms | CPU, ms | first time, ms | queries |",
        "|---|---|---|---|---|---|",
    ]
    lines += [row(page) for page in sorted(ordered, key=lambda page: -page.queries)[:15]]
    return "\n".join([*lines, ""])


def row(page: Page) -> str:
    return (
        f"| {page.what.replace('|', '')} | {page.user} | {page.ms:.0f} | {page.cpu_ms:.0f} | "
        f"{page.first * 1000:.0f} | {page.queries} |"
    )


def head(walk: Walk, options) -> str:
    return HEAD.format(
        command=f"python -m benchmarks.admin_pages --openings {options.openings} "
        f"--requests {options.requests}",
        **made_on(),
        mariadb=walk.version,
        load=options.load,
        load_then=options.load_then,
        openings=walk.openings,
        contacts=walk.contacts,
        requests=options.requests,
    )
