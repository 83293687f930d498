from tracking.api.opening import OpeningViewSet
from tracking.api.statistics import StatisticsView

__all__ = ["OpeningViewSet", "StatisticsView"]
