"""What Celery beat asks for, and when."""

from datetime import timedelta

from celery.schedules import crontab

SCHEDULE = {
    "forget expired logins": {
        "task": "accounts.tasks.forget_expired_logins",
        "schedule": timedelta(hours=24),
    },
    "forget answers kept for an Idempotency-Key": {
        "task": "accounts.tasks.forget_expired_requests",
        "schedule": timedelta(hours=24),
    },
    # What expires is not sent after a worker that was away; the next one comes soon enough.
    "remove what is due": {
        "task": "campaigns.tasks.remove_what_is_due",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "import what is due": {
        "task": "campaigns.tasks.import_what_is_due",
        "schedule": timedelta(seconds=3),
        "options": {"expires": 3},
    },
    "forget old imports": {
        "task": "campaigns.tasks.forget_old_imports",
        "schedule": timedelta(hours=24),
    },
    "rebuild what is due": {
        "task": "tracking.tasks.rebuild_what_is_due",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "look for drift": {
        "task": "tracking.tasks.look_for_drift",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "forget anonymous readers": {
        "task": "tracking.tasks.forget_anonymous_readers",
        "schedule": timedelta(minutes=30),
        "options": {"expires": 1800},
    },
    "see whether a worker works": {
        "task": "pixeltrack.tasks.give_sign_of_life",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
}
AT_NIGHT = crontab(hour="1-5")  # every minute, a few seconds of work
FORGET_PAGE_VIEWS = {
    "forget old page views": {
        "task": "tracking.tasks.forget_old_page_views",
        "schedule": AT_NIGHT,
        "options": {"expires": 60},
    }
}
FORGET_OPENINGS = {
    "forget old openings": {
        "task": "tracking.tasks.forget_old_openings",
        "schedule": AT_NIGHT,
        "options": {"expires": 60},
    }
}
