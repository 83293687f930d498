"""The two commands that send and read page views, against a whole PixelTrack."""

from tests.services import wait_until


def test_the_views_that_it_sends_are_in_the_figures_that_it_reads(stack):
    before = stack.get("/stats")["total_views"]
    told = stack.manage("send_multiple_tracks", "--count", "30", "--concurrency", "3")
    assert len(told.splitlines()) == 31
    assert "30 requests, 0 errors: average " in told
    stack.settle()
    wait_until(
        lambda: stack.get("/stats")["total_views"] == before + 30,
        what="the figures have 30 views more",
    )
    assert "10 requests, 0 errors" in stack.manage("read_multiple_tracks", "--count", "10")
