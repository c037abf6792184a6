"""The first of two stages: every person's own fit, here or on a cluster, and the summary to share."""

from collections.abc import Sequence
from functools import partial

from n1trial.cohort.people import Person
from n1trial.cohort.two_stage.summary import PersonSummary, summary_of
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError, CohortError
from n1trial.inference.sampling import Attempts, fit_model
from n1trial.system.parallel import PROCESSES, OnDone, run_tasks

# Of each of four chains. Monte Carlo errors about the noise add up over people.
DRAWS = 2000
# So many draws rarely pass without a divergence at larger steps, and would be made twice.
ATTEMPTS: Attempts = ((1, 0.97), (1, 0.99), (3, 0.99))


def summaries_of(
    people: Sequence[Person],
    *,
    seed: int,
    outcome: str | None = None,
    scheduler: str | None = None,
    processes: int = PROCESSES,
    on_done: OnDone = lambda done, of: None,
) -> tuple[dict[str, PersonSummary], dict[str, str]]:
    """Fit every person alone; their summaries by name, and why anybody has none.

    Parameters
    ----------
    people
        Each under a name of their own.
    seed
        Seed of every person's sampler.
    outcome
        Its name; None: each person's primary one.
    scheduler, processes, on_done
        As `run_tasks` takes them. With a scheduler the nights are sent to its workers.
    """
    results = run_tasks(
        partial(_summary_or_reason, outcome=outcome, seed=seed),
        people,
        scheduler=scheduler,
        processes=processes,
        on_done=on_done,
    )
    names = [person.name for person in people]
    by_name = list(zip(names, results, strict=True))
    return (
        {name: result for name, result in by_name if isinstance(result, PersonSummary)},
        {name: result for name, result in by_name if isinstance(result, str)},
    )


def _summary_or_reason(person: Person, *, outcome: str | None, seed: int) -> PersonSummary | str:
    try:
        chosen = _chosen(person, outcome)
        fit = fit_model(
            person.data, chosen, seed=seed, variants=False, draws=DRAWS, cores=1, attempts=ATTEMPTS
        )
        return summary_of(fit, person.data)
    except (AnalysisError, CohortError) as error:
        # One of a hundred must not stop the others.
        return str(error)


def _chosen(person: Person, outcome: str | None) -> Outcome:
    measured = {available.name: available for available in person.data.outcomes}
    if outcome is not None and outcome not in measured:
        raise CohortError(f"no outcome {outcome!r}: choose from {', '.join(measured)}")
    return measured[outcome or person.data.outcomes[0].name]
