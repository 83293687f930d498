import asyncio

import pytest

from campaigns.tests.house import House
from tracking import collect, verdict_data
from tracking.admin.campaign_panel import live_pages
from tracking.fallback import fallback
from tracking.group_commit import GroupCommit
from tracking.way import ways


@pytest.fixture
def house(db) -> House:
    return House()


@pytest.fixture(autouse=True)
def fresh_process():
    """Each test begins as a process does: it knows of no failed store, and shares no page."""
    ways.forget()
    fallback.cache_clear()
    live_pages.forget()


@pytest.fixture
def installed(settings, tmp_path):
    """Puts a text where an operator's file is; the ones that ship are in force again afterwards."""
    settings.VAR_DIR = tmp_path
    verdict_data.load()

    def install(file, text: str):
        file.installed.parent.mkdir(exist_ok=True)
        file.installed.write_text(text)

    yield install
    for file in verdict_data.FILES:
        file.installed.unlink(missing_ok=True)
    verdict_data.load()


@pytest.fixture
def redis_is_down(settings, tmp_path):
    location = f"unix://{tmp_path}/nobody.sock"
    settings.REDIS_STREAM_URL = location
    settings.CACHES = settings.CACHES | {"hits": settings.CACHES["hits"] | {"LOCATION": location}}


@pytest.fixture(params=["plain view", "lane"])
def collect_all(request):
    """Collects hits one by one as the plain view does, or all at once as the lane does."""

    async def as_group(hits):
        commit = GroupCommit()
        outcomes = await asyncio.gather(*(commit.collect(hit) for hit in hits))
        await commit.close()
        return outcomes

    def collect_all(*hits):
        if request.param == "plain view":
            return [collect.collect(hit) for hit in hits]
        return asyncio.run(as_group(hits))

    return collect_all
