import pytest

from tracking import collect
from tracking.fallback import fallback


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch):
    """Each test begins as a process does: it knows of no failed store."""
    monkeypatch.setattr(collect, "way", collect.Way())
    fallback.cache_clear()


@pytest.fixture
def redis_is_down(settings, tmp_path):
    location = f"unix://{tmp_path}/nobody.sock"
    settings.REDIS_STREAM_URL = location
    settings.CACHES = settings.CACHES | {"hits": settings.CACHES["hits"] | {"LOCATION": location}}
