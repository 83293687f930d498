"""The two numbers that tell a hit from an opening."""

from datetime import timedelta

REFRESH_WINDOW = timedelta(minutes=60)
PIXEL_LIMIT = 100  # openings of one pixel within the window; more is someone rotating User-Agents
