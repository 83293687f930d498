import pytest

from pixeltrack.tests.launched import Launch


@pytest.fixture
def launch(tmp_path):
    """Starts PixelTrack, with stand-ins; whatever a failed test leaves is ended."""
    launches = []

    def start(folder=tmp_path, **keywords) -> Launch:
        launches.append(Launch(folder, **keywords))
        return launches[-1]

    yield start
    for one in launches:
        one.clear_away()
