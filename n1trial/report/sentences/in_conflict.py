"""What is said where plain means of the same nights say something else than the answer, and why."""

from collections.abc import Mapping

from n1trial.effects import Effect, Reason
from n1trial.report.sentences.outcome_words import short_change

WHOSE = {"plain means": "The plain means", "period means": "The means of whole periods"}
WHY: Mapping[Reason, str] = {
    "prior": "starting from small effects",
    "weekday": "with weekdays evened out",
    "trend": "with the slow change over the trial taken out",
    "weeks": "with good and bad weeks allowed for",
    "odd nights": "where a few odd nights count for less",
    "together": "with prior, weekdays, weeks and slow change allowed for",
}


def in_conflict(effect: Effect) -> str:
    """What the means say and why the answer is another, in one sentence; empty where they agree."""
    if effect.conflict is None:
        return ""
    outcome = effect.outcome
    return (
        f"{WHOSE[effect.conflict.whose]} say {short_change(outcome, effect.conflict.estimate)};"
        f" {WHY[effect.conflict.reason]}, the answer is {short_change(outcome, effect.mean)}."
    )
