"""Which process asks which store: so each is asked by few, and the web server of a machine without
PIXEL_METRICS_PORT, which tells of all its processes, asks all of them."""

from campaigns.import_numbers import import_numbers
from pixeltrack.exposition import Asked, Exposition
from tracking.backlog import stream_backlog
from tracking.campaign_openings import CampaignOpenings
from tracking.host import host_numbers
from tracking.kept_numbers import kept_numbers
from tracking.verdict_data_age import verdict_data_age

HOST = Asked(host_numbers)
STREAMS = Asked(stream_backlog)
VERDICT_DATA = Asked(verdict_data_age)
IMPORTS = Asked(import_numbers)
KEPT = Asked(kept_numbers)
CAMPAIGNS = Asked(CampaignOpenings().numbers)

CONSUMER = Exposition(HOST, STREAMS, VERDICT_DATA)
WORKER = Exposition(IMPORTS, KEPT, CAMPAIGNS)
BEAT = Exposition()
MACHINE = Exposition(HOST, STREAMS, VERDICT_DATA, IMPORTS, KEPT, CAMPAIGNS)
