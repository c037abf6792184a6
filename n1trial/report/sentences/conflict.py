"""The sentence on a conflict between the answer and the plain means of the same nights, and its reason."""

from collections.abc import Mapping

from n1trial.analysis.effects import Effect, Reason
from n1trial.report.sentences.outcome_words import short_change

WHOSE = {"plain means": "The plain means", "period means": "The means of whole periods"}
WHY: Mapping[Reason, str] = {
    "prior": "it starts out expecting small effects",
    "weekday": "it evens out weekdays",
    "trend": "it takes out the slow change over the trial",
    "weeks": "it allows for good and bad weeks",
    "odd nights": "a few odd nights pull the two apart",
    "together": "it allows for weekdays, weeks and slow change, and starts out expecting small effects",
}


def in_conflict(effect: Effect) -> str:
    """The difference of the means, and why the answer differs; empty where they agree."""
    if effect.conflict is None:
        return ""
    outcome = effect.outcome
    return (
        f"{WHOSE[effect.conflict.whose]} say {short_change(outcome, effect.conflict.estimate)}."
        f" The answer is {short_change(outcome, effect.mean)}, because {WHY[effect.conflict.reason]}."
    )
