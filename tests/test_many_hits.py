"""A thousand pixels at once, and again."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.wire import THUNDERBIRD


def fetch_all(urls: list[str], connections: int):
    """Fetch each address once; each must answer with a GIF."""

    async def fetch(client, left):
        for url in left:  # one iterator for all: each takes the next
            reply = await client.get(url)
            assert reply.status_code == 200
            assert reply.content.startswith(b"GIF89a")

    async def fetch_together():
        limits = httpx.Limits(max_connections=connections)
        headers = {"User-Agent": THUNDERBIRD}
        async with httpx.AsyncClient(
            limits=limits, headers=headers, timeout=20, trust_env=False
        ) as client:
            left = iter(urls)
            await asyncio.gather(*(fetch(client, left) for _ in range(connections)))

    with ThreadPoolExecutor() as pool:  # in this thread Playwright's event loop runs already
        pool.submit(asyncio.run, fetch_together()).result()


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
