"""The numbers of a campaign. They come from the counts; openings and contacts are never scanned."""

from tracking.statistics.answer import statistics_of
from tracking.statistics.question import Question

__all__ = ["Question", "statistics_of"]
