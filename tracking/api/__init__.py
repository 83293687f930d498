from tracking.api.nested import OpeningsOfCampaign, OpeningsOfContact
from tracking.api.opening import OpeningViewSet
from tracking.api.statistics import StatisticsView

__all__ = ["OpeningViewSet", "OpeningsOfCampaign", "OpeningsOfContact", "StatisticsView"]
