from tracking.api.campaign_decision import DecisionsOfCampaign
from tracking.api.erased_visitor import ErasedVisitorViewSet
from tracking.api.nested import OpeningsOfCampaign, OpeningsOfContact
from tracking.api.opening import OpeningViewSet
from tracking.api.opening_change import OpeningChangeViewSet
from tracking.api.statistics import StatisticsView

__all__ = [
    "DecisionsOfCampaign",
    "ErasedVisitorViewSet",
    "OpeningChangeViewSet",
    "OpeningViewSet",
    "OpeningsOfCampaign",
    "OpeningsOfContact",
    "StatisticsView",
]
