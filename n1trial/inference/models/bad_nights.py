"""Bad nights of one person: a logistic regression of whether sleep time was under the protocol's limit.

    y_t ~ Bernoulli(p_t),  logit p_t = α + δ_arm + u_period + v_block + s τ_t + d_weekday + x_t'γ

Blocks have levels of their own, with a wide prior. The effect is the change of the share of bad nights, in nights of
a hundred, averaged over the analysed nights, each as it would be on the arm and on the reference: the marginal
standardisation of Muller & MacLehose (2014), doi:10.1093/ije/dyu029. δ is the log of an odds ratio; what an odds
ratio means in nights depends on how many of them are bad. The data are those of `trial_data.bad_nights_of`.

`inla.fit_bad_nights` fits the same model without sampling; reports have its answer.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from scipy.special import expit

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference import priors as prior
from n1trial.inference.inla import bad_nights, expected_logit
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models._linear import coefficients, linear, stacked
from n1trial.inference.models._sleep import effect_prior, fixed_shape, sceptical
from n1trial.system.arrays import Array

NAME = "bad_nights"
KINDS = ("yes-no",)
DEFAULT_OF = ("yes-no",)
ASSUMES = bad_nights.ASSUMES
FORMULA = bad_nights.FORMULA
LINEAR = {
    "trend": prior.LOGIT_TREND,
    "run_in": prior.LOGIT_RUN_IN,
    "covariates": prior.LOGIT_COVARIATE,
    "period": prior.LOGIT_PERIOD_SD,
    "block": prior.LOGIT_BLOCK,
    "weekday": prior.LOGIT_WEEKDAY_SD,
}


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names: level, delta (log odds ratio), effect (nights in 100), block, period_sd, ..."""
    columns = columns_of(data, outcome)
    with pm.Model(coords=columns.coords, check_bounds=False) as model:
        bad = fixed_shape("y", columns.y)
        table = fixed_shape("nights_table", np.vstack([columns.analysed, columns.used, columns.design.T]))
        analysed, used, design = table[0], table[1], table[2:]
        unit = fixed_shape("unit", np.concatenate([[expected_logit(columns)], columns.arm_share]))
        mean, sd = effect_prior(data, prior.LOG_ODDS.scale)
        level = pm.Normal("level", unit[0], prior.LOGIT_LEVEL.scale)
        delta = pm.Normal("delta", mean, sd, dims="contrast")
        rest = coefficients(columns, LINEAR)
        logit = pt.dot(stacked(columns, level, delta, rest), design)
        pm.CustomDist("nights", logit, used, logp=_logp, observed=bad)
        # What tonight's arm adds to each night, and is subtracted for the night on the reference.
        tonight = pt.dot(delta, design[1 : 1 + len(data.treatments)] + pt.outer(unit[1:], used))
        without = logit - tonight
        gained = pt.sigmoid(without[None, :] + delta[:, None]) - pt.sigmoid(without)[None, :]
        pm.Deterministic("effect", 100.0 * pt.dot(gained, analysed) / pt.sum(analysed), dims="contrast")
    return model


def _logp(bad: pt.TensorVariable, logit: pt.TensorVariable, used: pt.TensorVariable) -> pt.TensorVariable:
    return used * (bad * logit - pt.softplus(logit))


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, on the logit scale."""
    columns = columns_of(data, outcome)
    terms = tuple(of_term for name, of_term in LINEAR.items() if name in columns.terms)
    level = replace(prior.LOGIT_LEVEL, parameters=(expected_logit(columns), prior.LOGIT_LEVEL.scale))
    return prior.in_words((level, prior.LOG_ODDS.widened(data.prior_width), *terms))


def effect_prior_sd(data: TrialData, outcome: Outcome) -> float:
    """SD that the prior of the log odds ratio implies for an effect, in nights of 100, to first order."""
    share = float(expit(expected_logit(columns_of(data, outcome))))
    return data.prior_width * prior.LOG_ODDS.scale * 100 * share * (1 - share)


def variants(data: TrialData, outcome: Outcome) -> Mapping[str, Mapping[str, Array]]:
    """A sceptic's prior, who expects smaller effects."""
    return {"sceptical": sceptical(data, data.prior_width * prior.LOG_ODDS.scale)}


def replicate(data: TrialData, outcome: Outcome, posterior: xr.Dataset, rng: np.random.Generator) -> Array:
    """Posterior predictive nights [draw, night], 1 for a bad one, in the order of `columns_of`."""
    columns = columns_of(data, outcome)
    chance = expit(linear(columns, posterior, level="level", arm="delta"))
    return (rng.random(chance.shape) < chance) * columns.used
