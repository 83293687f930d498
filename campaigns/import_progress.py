"""How far a contact import has come, in words: for its page, and for the script that keeps that
page up to date."""

from django.utils import timezone

from campaigns.models import ContactImport

State = ContactImport.State


def progress_of(job: ContactImport) -> dict:
    """`state`, whether it has `ended`, `percent` (a whole number), a `sentence`, and `figures`
    (label → text)."""
    rate = job.rows_per_second
    return {
        "state": job.state,
        "ended": job.state in job.ENDED,
        "percent": job.percent,
        "sentence": sentence_of(job),
        "figures": {
            "rows seen": f"{job.rows:,}",
            "created": f"{job.created:,}",
            "updated": f"{job.updated:,}",
            "unchanged": f"{job.unchanged:,}",
            "rejected": f"{job.rejected:,}",
            "remarks": f"{job.noted:,}",
            "rows per second": "not known" if rate is None else f"{rate:,.0f}",
            "time left": left_of(job),
        },
    }


def sentence_of(job: ContactImport) -> str:
    match job.state:
        case State.WAITING if job.run_at > timezone.now():
            return f"Waiting until {job.run_at:%Y-%m-%d %H:%M} UTC."
        case State.WAITING:
            return "Waiting for a worker."
        case State.RUNNING if not job.facts:
            return "Running: looking through the file."
        case State.RUNNING if job.dry_run:
            return "Running, as a dry run: nothing is taken in."
        case State.RUNNING:
            return "Running: rows are being taken in."
        case State.PAUSED:
            return "Paused."
        case State.DONE if job.dry_run:
            return "Done. It was a dry run: nothing was taken in."
        case State.DONE:
            return "Done: all rows were seen."
        case State.CANCELLED:
            return "Cancelled. What was taken in stays."
        case _:
            return f"Failed: {job.problem}"


def left_of(job: ContactImport) -> str:
    seconds = job.seconds_left
    if seconds is None:
        return "none" if job.state in job.ENDED else "not known"
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
