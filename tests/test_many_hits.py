"""A thousand pixels at once, and again."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.wire import THUNDERBIRD
from tracking.reply import GIF


def fetch_all(urls: list[str], connections: int):
    """Fetch each address once; each must answer with a GIF."""
    left = iter(urls)  # one for all: each connection takes the next

    def fetch():
        connection = HTTPConnection(urlsplit(urls[0]).netloc, timeout=60)
        for url in left:
            connection.request("GET", urlsplit(url).path, headers={"User-Agent": THUNDERBIRD})
            reply = connection.getresponse()
            assert (reply.status, reply.read()) == (200, GIF)
        connection.close()

    with ThreadPoolExecutor(connections) as pool:
        for fetched in [pool.submit(fetch) for _ in range(connections)]:
            fetched.result()


def test_a_thousand_pixels_make_a_thousand_openings_and_again_none(either):
    campaign, pixels = either.new_campaign(contacts=500, pixels=2)
    urls = [pixel["url"] for pixel in pixels]
    assert len(set(urls)) == 1000
    for _ in range(2):
        fetch_all(urls, connections=32)
        either.settle()
        openings = either.openings(campaign=campaign)
        assert len(openings) == 1000
        assert len({opening["pixel"] for opening in openings}) == 1000
        assert sum(opening["begins_mail_open"] for opening in openings) == 500
        statistics = either.get(f"/api/campaigns/{campaign}/statistics/")
        assert statistics["openings"]["total"] == 1000
        assert statistics["mail_opens"]["total"] == 500
        assert statistics["opened_contacts"]["any"] == 500
