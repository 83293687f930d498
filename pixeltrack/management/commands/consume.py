from pixeltrack.metrics_server import MetricsServer
from pixeltrack.sources import CONSUMER
from tracking.management.commands import consume


class Command(consume.Command):
    """Tracking's, which tells of itself: this one is found before it."""

    def handle(self, **options):
        with MetricsServer(CONSUMER, self.heartbeat.is_alive):
            super().handle(**options)
