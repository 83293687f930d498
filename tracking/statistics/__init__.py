"""The numbers of a campaign. They come from the counts; openings and contacts are never scanned."""

from tracking.statistics.answer import statistics_of
from tracking.statistics.days import openings_in
from tracking.statistics.question import Question
from tracking.statistics.spread import spread_of
from tracking.statistics.summary import summaries_of

__all__ = ["Question", "openings_in", "spread_of", "statistics_of", "summaries_of"]
