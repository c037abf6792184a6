"""What forbids a verdict: problems of the sampler, and of the design as it was followed."""

from n1trial.data.adherence import doses_kept
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.design.verdict import Problem
from n1trial.inference.aliasing import CALENDAR, aliases
from n1trial.inference.fit import Fit

# With a smaller share of doses as scheduled, the comparison is no longer that of the schedule.
LEAST_KEPT = 0.5


def problems_of(fit: Fit, data: TrialData) -> tuple[Problem, ...]:
    """What forbids a verdict: problems of the sampler, and of the design as it was followed."""
    of_sampler = tuple(Problem("sampler", words) for words in fit.problems)
    return of_sampler + _design_problems(data, fit.outcome)


def _design_problems(data: TrialData, outcome: Outcome) -> tuple[Problem, ...]:
    """What forbids a verdict whatever the sampler did."""
    nights = data.analysed(outcome)
    periods = nights.groupby("arm")["period"].nunique()
    hidden = Problem("arms hidden", "the arms are still hidden: open the key with n1trial unblind")
    sealed = (hidden,) if data.sealed else ()
    # Where a coin was tossed for every night, each night is a period.
    counted = "night(s)" if data.drawn == "coin" else "period(s)"
    too_few = tuple(
        Problem(
            "too few nights",
            f"{{}}: {periods.get(arm, 0)} analysed {counted}, but a verdict needs 2 of every arm",
            (data.labels[arm],),
        )
        for arm in data.arms
        if periods.get(arm, 0) < 2
    )
    confounded = tuple(
        Problem("confounded", *alias.sentence(data.labels, reference=data.reference))
        for alias in aliases(data, outcome)
        # One period an arm is one after the other.
        if not (too_few and alias.other == CALENDAR)
    )
    not_kept = tuple(
        Problem(
            "not kept",
            f"{{}}: as planned on {row.kept:.0f} of {row.answered} evenings in the diary, but a verdict"
            " needs half of them: the schedule was not kept, or the diary says so by mistake (look at its column"
            " taken)",
            (data.labels[arm],),
        )
        for arm, row in zip(data.arms, doses_kept(data).itertuples(), strict=True)
        if row.kept < LEAST_KEPT * row.answered
    )
    return sealed + too_few + not_kept + confounded
