from tracking.models.count import OpeningCount
from tracking.models.opening import ContactOpenings, Opening, UserAgent, Verdict

__all__ = ["ContactOpenings", "Opening", "OpeningCount", "UserAgent", "Verdict"]
