"""Every sentence about a result, for terminal, page, text and notebook.

A sentence joins size and certainty ("probably lengthened your sleep by about 18 min") and is always
followed by its numbers in brackets. Chances are said as n in 10 or n in 20 and never as certain.
"""

from n1trial.report.sentences.advice import REFUSAL, how_sure, keep_taking, no_verdict, why_undecided
from n1trial.report.sentences.answers import HEADINGS, answer, answer_compared, claim_and_numbers
from n1trial.report.sentences.fixed import CANNOT_TELL, GLYCINE_FOUND, MAGNESIUM_FOUND
from n1trial.report.sentences.in_numbers import chance, in_a_row, interval, of_hundred
from n1trial.report.sentences.of_pictures import (
    DIFFERENTLY_LEAD,
    DOTS_LEAD,
    NIGHTS_LEAD,
    dots_in_words,
    kept_in_words,
    means_in_words,
    other_analyses_in_words,
    tomorrow,
)
from n1trial.report.sentences.of_the_method import (
    INTERVALS,
    design_in_words,
    design_lines,
    mids_in_words,
    missing_items,
    rule_in_words,
    secondary_in_words,
    without_verdict,
)
from n1trial.report.sentences.of_the_trial import (
    clock_changes_in_words,
    clock_in_words,
    devices_in_words,
    doses_in_words,
    guesses_in_words,
    nights_in_words,
    side_effect_in_words,
    timing_in_words,
    title_of,
    when_in_words,
)
from n1trial.report.sentences.outcome_words import (
    NBSP,
    amount,
    change,
    level,
    short_change,
    threshold,
    wording,
)

__all__ = [
    "CANNOT_TELL",
    "DIFFERENTLY_LEAD",
    "DOTS_LEAD",
    "GLYCINE_FOUND",
    "HEADINGS",
    "INTERVALS",
    "MAGNESIUM_FOUND",
    "NBSP",
    "NIGHTS_LEAD",
    "REFUSAL",
    "amount",
    "answer",
    "answer_compared",
    "chance",
    "change",
    "claim_and_numbers",
    "clock_changes_in_words",
    "clock_in_words",
    "design_in_words",
    "design_lines",
    "devices_in_words",
    "doses_in_words",
    "dots_in_words",
    "guesses_in_words",
    "how_sure",
    "in_a_row",
    "interval",
    "keep_taking",
    "kept_in_words",
    "level",
    "means_in_words",
    "mids_in_words",
    "missing_items",
    "nights_in_words",
    "no_verdict",
    "of_hundred",
    "other_analyses_in_words",
    "rule_in_words",
    "secondary_in_words",
    "short_change",
    "side_effect_in_words",
    "threshold",
    "timing_in_words",
    "title_of",
    "tomorrow",
    "when_in_words",
    "why_undecided",
    "without_verdict",
    "wording",
]
