from itertools import repeat

from tracking.management.many_requests import ManyRequests
from tracking.management.sender import Request
from tracking.page_views.statistics import STATS_PATH


class Command(ManyRequests):
    help = "Read the figures of a running server (GET /stats), and tell how long each reply took."

    def requests(self):
        return repeat(Request("GET", STATS_PATH))
