"""What a summary holds, in lines that its owner can look through before sharing it."""

from collections.abc import Iterator
from math import sqrt

from n1trial.cohort.two_stage.summary import PersonSummary
from n1trial.markup.text import visible


def summary_lines(summary: PersonSummary) -> Iterator[str]:
    """The effects with their SDs, the counts of nights, and what else is in the file."""
    unit = "log rate ratio" if summary.log_rate is not None else summary.outcome.contrast_unit
    reference = visible(summary.labels[summary.reference])
    outcome = visible(summary.outcome.label)
    yield f"{outcome}: {summary.nights[0]} nights of {reference}, {summary.periods} periods in all"
    for place, arm in enumerate(summary.arms):
        sd = sqrt(summary.covariance[place][place])
        mean = f"{summary.mean[place]:+.3g}".replace("-", "−")
        yield (
            f"{visible(summary.labels[arm])} against {reference}: {mean} {unit}, SD {sd:.3g}, from"
            f" {summary.nights[1 + place]} nights"
        )
    yield (
        "these effects may differ a little from the report's: their prior may be wider, and pooling takes it out again"
    )
    yield (
        "beside these: names and doses of the arms, the prior, and in log_evidence how all of it changes with the noise"
        " that people may share. No night, no date, no place and no name is in it"
    )
