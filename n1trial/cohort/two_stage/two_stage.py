"""Meta-analysis of summaries: each person's likelihood of their effects, pooled without their nights.

Each person's likelihood of their effects is taken as Gaussian, or as two where its variance varies: the posterior's
precision less the prior's, under the common noise that all summaries together suggest (`shared_noise`). Average and
spread are those of `gaussian_people`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from n1trial.cohort.draws import PooledDraws
from n1trial.cohort.effects import CohortEffects
from n1trial.cohort.estimate import effects_of, in_unit
from n1trial.cohort.two_stage.gaussian_people import Pooled, effects_given, hyperparameters, mode_of
from n1trial.cohort.two_stage.shared_noise import Likelihoods, shared_noise
from n1trial.cohort.two_stage.summary import PersonSummary
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome, log_ratio_sd
from n1trial.design.protocol import RULE_TODAY, VerdictRule
from n1trial.design.verdict import Problem
from n1trial.errors import CohortError
from n1trial.inference import priors as prior
from n1trial.inference.importance_sampling import MAX_K
from n1trial.system.random_streams import stream

DRAWS, MANY = 4000, 500
# Least precision, as a share of that of the prior of an average; and a step on the scale of effects.
LEAST_PRECISION, STEP = 0.05, 1e-5
# Draws of all people's effects that are held at once.
MOST_VALUES = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SummaryCohort:
    """People known by their summaries, with what `effects_of` needs of a cohort.

    `recovered` is the share of a steady effect that their schedules show on average, 0 to 1, by contrast.
    """

    names: tuple[str, ...]
    outcome: Outcome
    reference: str
    treatments: tuple[str, ...]
    labels: Mapping[str, str]
    arms_tried: tuple[tuple[str, ...], ...]
    nights: pd.DataFrame
    recovered: Mapping[Contrast, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Every arm against the reference."""
        return tuple(Contrast(arm, self.reference) for arm in self.treatments)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoStage:
    """Pooled summaries: the people, draws of average, spread and effects, and the Pareto k of their weights.

    `raw` has what each person's nights alone say of every arm they tried: `person`, `contrast`, `estimate` and
    `error`, in the outcome's contrast unit. `priors` are of an average effect and of a spread, and `scale` what a
    minute of them is.
    """

    cohort: SummaryCohort
    draws: PooledDraws
    raw: pd.DataFrame
    pareto_k: float
    priors: tuple[prior.Prior, prior.Prior]
    scale: float
    seed: int

    @property
    def prior_sd(self) -> float:
        """SD of the prior of an average effect."""
        return self.priors[0].scale * self.scale

    @property
    def spread_prior(self) -> float:
        """Scale of the prior of a spread."""
        return self.priors[1].scale * self.scale

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What forbids a verdict."""
        if self.pareto_k < MAX_K:
            return ()
        words = f"the draws do not cover the answer (Pareto k {self.pareto_k:.2f}, must be below {MAX_K})"
        return (Problem("sampler", words),)


def pool(summaries: Mapping[str, PersonSummary], *, seed: int, draws: int = DRAWS) -> TwoStage:
    """Pool people's summaries.

    Parameters
    ----------
    summaries
        By the name of the person.
    seed
        Seed of the draws.
    draws
        How many there are.

    Raises
    ------
    CohortError
        Fewer than two people, or people whose outcomes, references or doses differ.
    """
    cohort = _agreed(summaries)
    people = list(summaries.values())
    counts = cohort.outcome.kind == "count"
    average, spread = (
        (_average_ratio(people), prior.LOG_RATIO_SPREAD)
        if counts
        else (prior.AVERAGE_EFFECT, prior.EFFECT_SPREAD)
    )
    scale = float(np.mean([person.prior_scale for person in people]))
    noise = shared_noise(people, cohort.treatments, counts=counts)
    pooled = Pooled(
        noise=noise,
        average_sd=average.scale * scale,
        spread_scale=spread.scale * scale,
    )
    if not noise.kinds:
        pooled = replace(pooled, settled=pooled.at(pooled.start)[0])
    mode = mode_of(pooled)
    gaussians, own, _ = pooled.at(mode)
    if len(people) > MANY:
        # With so many people the uncertainty of the noise is negligible.
        pooled, mode = replace(pooled, settled=gaussians), own
    chosen, k = hyperparameters(pooled, mode, rng := stream(seed), draws=draws)
    kept = max(200, min(draws, MOST_VALUES // max(1, gaussians.likelihoods.towards.size)))
    averages, spreads, correlations, effects = effects_given(pooled, chosen[:kept], rng)
    rates = np.array([person.log_rate for person in people], dtype=float) if counts else None
    shape = (len(averages), len(people))
    return TwoStage(
        cohort=cohort,
        draws=PooledDraws(
            average=averages,
            spread=spreads,
            correlation=correlations,
            effect=effects,
            level=None if rates is None else np.broadcast_to(rates, shape),
            level_of_all=None if rates is None else np.full(len(averages), rates.mean()),
            level_sd=None if rates is None else np.full(len(averages), rates.std(ddof=1)),
        ),
        raw=_raw(summaries, cohort, gaussians.likelihoods, least=LEAST_PRECISION / pooled.average_sd**2),
        pareto_k=k,
        priors=(average, spread),
        scale=scale,
        seed=seed,
    )


def _average_ratio(people: Sequence[PersonSummary]) -> prior.Prior:
    """Prior of an average log rate ratio, wider where wakes are few."""
    average = prior.LOG_AVERAGE_RATIO
    usual = float(np.mean([math.exp(person.log_rate or 0.0) for person in people]))
    return average.widened(log_ratio_sd(people[0].outcome, usual, at_least=average.scale) / average.scale)


def estimate_pooled(pooled: TwoStage, *, rule: VerdictRule | None = None) -> CohortEffects:
    """The answers of pooled summaries, in the form of a cohort's."""
    return effects_of(
        pooled.draws,
        pooled.cohort,
        rule=rule or RULE_TODAY,
        prior_sd=pooled.prior_sd,
        recovered=pooled.cohort.recovered,
        problems=pooled.problems,
    )


def _agreed(summaries: Mapping[str, PersonSummary]) -> SummaryCohort:
    if len(summaries) < 2:
        raise CohortError(f"cohort: {len(summaries)} summary, and an average needs 2: add people")
    (first, known), *others = summaries.items()
    doses: dict[str, tuple[tuple[float, float], str]] = {}
    seen = set()
    for name, person in summaries.items():
        for what in ("outcome", "reference"):
            if getattr(person, what) != getattr(known, what):
                raise CohortError(f"{first} and {name}: their {what}s differ: leave one of them out")
        for arm, dose in person.doses.items():
            before, whose = doses.setdefault(arm, (dose, name))
            if before != dose:
                raise CohortError(f"{arm}: {whose} and {name} took other doses: leave one of them out")
        # No two people's nights give the same draws.
        if (posterior := (person.mean, person.covariance)) in seen:
            raise CohortError(f"{name}: is there under another name too: give every person once")
        seen.add(posterior)
    treatments = tuple(dict.fromkeys(arm for person in summaries.values() for arm in person.arms))
    return SummaryCohort(
        names=tuple(summaries),
        outcome=known.outcome,
        reference=known.reference,
        treatments=treatments,
        labels={
            arm: label
            for _, person in reversed([(first, known), *others])
            for arm, label in person.labels.items()
        },
        arms_tried=tuple((person.reference, *person.arms) for person in summaries.values()),
        recovered={
            Contrast(arm, known.reference): float(
                np.mean(
                    [person.recovered.get(arm, 1.0) for person in summaries.values() if arm in person.arms]
                )
            )
            for arm in treatments
        },
        nights=pd.DataFrame(
            {
                name: dict(zip((person.reference, *person.arms), person.nights, strict=True))
                | {"periods": person.periods}
                for name, person in summaries.items()
            }
        )
        .T.reindex(columns=[known.reference, *treatments, "periods"])
        .fillna(0)
        .astype(int),
    )


def _raw(
    summaries: Mapping[str, PersonSummary], cohort: SummaryCohort, likelihoods: Likelihoods, *, least: float
) -> pd.DataFrame:
    """Each person's own estimates, without people for whom some direction has less than the `least` precision."""
    rows = []
    for number, (name, person) in enumerate(summaries.items()):
        at = [cohort.treatments.index(arm) for arm in person.arms]
        precision = likelihoods.precision[number][np.ix_(at, at)]
        if np.linalg.eigvalsh(precision).min() < least:
            continue
        covariance = np.linalg.inv(precision)
        rate = 1.0 if person.log_rate is None else float(np.exp(person.log_rate))
        for arm, estimate, variance in zip(
            person.arms, covariance @ likelihoods.towards[number][at], np.diag(covariance), strict=True
        ):
            value, stepped = in_unit(np.array([estimate, estimate + STEP]), rate, cohort.outcome)
            rows.append(
                {
                    "person": name,
                    "contrast": Contrast(arm, cohort.reference),
                    "estimate": value,
                    # By the delta method, where the unit is not linear in a log ratio.
                    "error": (stepped - value) / STEP * variance**0.5,
                }
            )
    return pd.DataFrame(rows, columns=["person", "contrast", "estimate", "error"])
