"""A summary to share instead of nights: the posterior of a trial's effects, and counts of nights; no date.

A summary holds the mean and covariance of the effects under a prior, and that prior's SD, so that pooling can divide
the prior out and keep the likelihood; and how both change with the noise that all people may share. The prior is that
of one person's model, or a wider one where the effects could be worked out under it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from n1trial.cohort.two_stage.marginalised import WIDER, integrated
from n1trial.cohort.two_stage.noise import PERIOD, Drawn, UnderNoise, kinds, pairs, under_both, under_noise
from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome, log_ratio_sd
from n1trial.errors import CohortError
from n1trial.inference.build_up import recovered_share
from n1trial.inference.fit import Fit
from n1trial.inference.models import duration
from n1trial.inference.priors import EFFECT
from n1trial.system.files import write_whole

FORM = 5
DIGITS = 5
# A variance that varies more would be as likely next to nothing.
MOST_VARYING = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSummary:
    """One person's effects, arm minus reference: minutes, the outcome's unit, or log rate ratios of counts.

    Attributes
    ----------
    form
        Version of the file format.
    outcome, reference, arms
        What was measured, the reference arm, and the other arms.
    labels, doses
        By the name of an arm.
    nights
        Analysed nights of the reference and then of each arm.
    periods
        How many there were in all.
    mean, covariance : [arm], [arm, arm]
        Posterior, under independent priors N(0, `prior_sd`²).
    prior_sd, prior_scale
        SD of the prior of an effect, and what a minute of the priors is in the outcome's unit.
    varying
        Squared coefficient of variation that the variance of effects has once the shared noise is known.
    log_rate
        Mean log count of a night on the reference; None where the outcome is no count.
    noise, noise_in_pairs
        What each common value of a kind of noise changes, and what those of two kinds change beyond that.
    recovered : 0 to 1
        Share of a steady effect that the schedule shows, of arms where that is not all of it.
    """

    form: int
    outcome: Outcome
    reference: str
    arms: tuple[str, ...]
    labels: dict[str, str]
    doses: dict[str, tuple[float, float]]
    nights: tuple[int, ...]
    periods: int
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    prior_sd: float
    prior_scale: float
    varying: float = 0.0
    log_rate: float | None = None
    noise: dict[str, UnderNoise] = field(default_factory=dict)
    noise_in_pairs: dict[str, UnderNoise] = field(default_factory=dict)
    recovered: dict[str, float] = field(default_factory=dict)


def summary_of(fit: Fit, data: TrialData) -> PersonSummary:
    """Summarise a fitted trial for sharing.

    Raises
    ------
    CohortError
        The fit did not converge, or the arms are still hidden.
    """
    if fit.problems:
        raise CohortError(
            f"{fit.outcome.name}: {fit.problems[0]}: there is nothing to share until a fit passes"
        )
    if data.sealed:
        raise CohortError("the arms are still hidden: open the key with n1trial unblind")
    counts = fit.outcome.kind == "count"
    effects = fit.posterior["delta" if counts else "effect"].transpose("chain", "draw", "contrast").to_numpy()
    draws = effects.reshape(-1, effects.shape[-1])
    nights = data.analysed(fit.outcome)
    log_rate = None
    if counts:
        share = np.array([(nights["arm"] == arm).mean() for arm in data.treatments])
        log_rate = _rounded(float(fit.posterior["level"].mean()) - float(draws.mean(axis=0) @ share))
    prior_sd = fit.prior_sd
    if counts:
        prior_sd = data.prior_width * log_ratio_sd(fit.outcome, float(nights[fit.outcome.name].mean()))
    unit = 1.0 if counts else fit.outcome.measure.prior_unit
    scale = fit.prior_sd / EFFECT.scale if unit is None else unit
    known = kinds(counts=counts, scale=scale)
    values = {name: fit.posterior[name].to_numpy().ravel() for name in known if name in fit.posterior}
    known = {name: known[name] for name in values}
    plain = Drawn.points(values, draws)
    exact, varying = plain, 0.0
    # A model of counts is not linear.
    if fit.model == duration.NAME and PERIOD in known:
        exact = integrated(fit, data, known)
        prior_sd = WIDER * fit.prior_sd
        varying = min(exact.varying(known), MOST_VARYING)
    mean, covariance = exact.moments()

    def rounded(reweighted: Callable[[Drawn], UnderNoise], names: set[str]) -> UnderNoise:
        """What common values change; evidence from all plain draws where no period SD is integrated."""
        evidence = reweighted(exact if PERIOD in names else plain).log_evidence
        return _all_rounded(replace(reweighted(exact), log_evidence=evidence))

    shares = {
        arm: recovered_share(data, fit.outcome, Contrast(arm, data.reference)) for arm in data.treatments
    }
    return PersonSummary(
        form=FORM,
        outcome=fit.outcome,
        reference=data.reference,
        arms=data.treatments,
        labels={arm: data.labels[arm] for arm in data.arms},
        doses={arm: data.doses[arm] for arm in data.arms if arm in data.doses},
        nights=tuple(int((nights["arm"] == arm).sum()) for arm in (data.reference, *data.treatments)),
        periods=int(nights["period"].nunique()),
        mean=tuple(map(_rounded, mean.tolist())),
        covariance=tuple(tuple(_rounded(value) for value in row) for row in covariance),
        prior_sd=prior_sd,
        prior_scale=scale,
        varying=_rounded(varying),
        log_rate=log_rate,
        noise={name: rounded(partial(under_noise, name=name, kind=known[name]), {name}) for name in values},
        noise_in_pairs={
            name: rounded(partial(under_both, names=pair, known=known), {*pair})
            for name, pair in pairs(known).items()
        },
        recovered={arm: _rounded(share) for arm, share in shares.items() if share < 1},
    )


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _all_rounded(changes: UnderNoise) -> UnderNoise:
    return UnderNoise(
        log_evidence=tuple(map(_rounded, changes.log_evidence)),
        mean=tuple(tuple(map(_rounded, row)) for row in changes.mean),
        covariance=tuple(tuple(tuple(map(_rounded, row)) for row in matrix) for matrix in changes.covariance),
    )


def save_summary(path: Path, summary: PersonSummary) -> None:
    """Write a summary as JSON, whole or not at all."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(summary), indent=1).decode() + "\n")


def read_summary(path: Path) -> PersonSummary:
    """Read a summary that `save_summary` wrote.

    Raises
    ------
    CohortError
        The file is missing, damaged, or of another format than this version reads.
    """
    try:
        summary = msgspec.json.decode(path.read_bytes(), type=PersonSummary)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CohortError(
            f"{path}: no summary can be read ({error}): write it again with n1trial summary"
        ) from error
    count = len(summary.arms)
    sizes = {
        len(summary.mean),
        len(summary.covariance),
        len(summary.nights) - 1,
        *(len(row) for row in summary.covariance),
    }
    numbers = np.array(
        [*summary.mean, *(value for row in summary.covariance for value in row), summary.prior_sd]
    )
    known = kinds(counts=summary.outcome.kind == "count")
    values = {name: len(kind.grid) for name, kind in known.items()}
    in_pairs = {name: values[one] * values[other] for name, (one, other) in pairs(known).items()}
    noise = all(
        changes.fits(values=(values | in_pairs).get(name, 0), arms=count)
        for name, changes in (summary.noise | summary.noise_in_pairs).items()
    )
    sound = sizes == {count} and noise and np.isfinite(numbers).all() and summary.prior_sd > 0
    sound = sound and 0.0 <= summary.varying <= MOST_VARYING
    if summary.form != FORM or not sound or np.linalg.eigvalsh(np.array(summary.covariance)).min() <= 0:
        raise CohortError(
            f"{path}: a summary of form {summary.form} with {count} arms does not fit together: write it again"
        )
    return summary
