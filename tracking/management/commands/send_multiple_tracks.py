import json
import random
from itertools import repeat

from tracking.management.many_requests import ManyRequests
from tracking.management.sender import Request
from tracking.page_views.reply import JSON
from tracking.page_views.track import TRACK_PATH

PAGES = ("home", "pricing", "features", "docs", "blog", "about", "contact", "sign-up")
VISITORS = 1_000


class Command(ManyRequests):
    help = "Send page views to a running server (POST /track), and tell how long each reply took."

    def requests(self):
        dice = random.Random()  # nosec B311 # pretended visitors: nothing is to be kept secret
        for _ in repeat(None):
            view = {
                "page_id": dice.choice(PAGES),
                "user_id": f"user{dice.randrange(VISITORS)}",
            }
            body = json.dumps(view).encode()
            yield Request("POST", TRACK_PATH, {"Content-Type": JSON}, body)
