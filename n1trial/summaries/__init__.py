"""Sharing without sharing nights: what a person's trial may tell of itself, and what summaries say together."""

from n1trial.summaries.first_stage import summaries_of
from n1trial.summaries.summary import PersonSummary, read_summary, save_summary, summary_of
from n1trial.summaries.two_stage import SummaryCohort, TwoStage, estimate_pooled, pool
from n1trial.summaries.words import summary_lines

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
