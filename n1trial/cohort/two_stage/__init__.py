"""Sharing results without nights: summaries of each person's effects, and their meta-analysis."""

from n1trial.cohort.two_stage.first_stage import summaries_of
from n1trial.cohort.two_stage.sentences import summary_lines
from n1trial.cohort.two_stage.summary import PersonSummary, read_summary, save_summary, summary_of
from n1trial.cohort.two_stage.two_stage import SummaryCohort, TwoStage, estimate_pooled, pool

__all__ = [
    "PersonSummary",
    "SummaryCohort",
    "TwoStage",
    "estimate_pooled",
    "pool",
    "read_summary",
    "save_summary",
    "summaries_of",
    "summary_lines",
    "summary_of",
]
