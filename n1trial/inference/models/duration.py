"""Mean sleep time of one person: Gaussian nights around arm, period, block, weekday, trend and covariates.

    y_t | past ~ Normal(m_t + φ^Δ (y_prev - m_prev), σ √((1 - φ^(2Δ)) / (1 - φ²)))
    m_t = μ + β_arm + u_period + v_block + s τ_t + d_weekday + x_t'γ

Δ is the calendar nights since the last observed night, and the first night has scale σ / √(1 - φ²). The
likelihood conditions on the night before, so there are no latent states: a dense covariance samples more
than a hundred times slower, and a latent autoregression beside noise does not converge. Period and weekday are
non-centred. Blocks have fixed effects that add up to zero around the mean level: arms are compared within blocks, as
they were randomised.

β is the change of the **mean**, whatever the distribution of the nights: a night cut short counts with all its minutes,
so that an arm which prevents such nights is credited with the gain. A likelihood with heavier tails would
answer for the typical night instead (`typical_night`): where an arm turns 15 % of nights that are 200 min short
into 5 %, a gain of 20 min on average, its intervals hold those 20 min in 83 of 100 trials, these in 98.

Run-in nights have a level of their own with a wide prior: they inform weekday, spread, correlation and
covariates, and never a contrast. Covariates are measured before the dose.

The period term protects against false positives: with 7-night periods and no effect, a regression on
nights without it rejects in 10 to 24 % of trials at night-to-night correlations of .2 to .6.
"""

from collections.abc import Mapping

import numpy as np
import pymc as pm
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference import priors as prior
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models._sleep import (
    level_and_scale,
    replicate_sleep,
    sceptical,
    sleep_model,
    sleep_priors,
)
from n1trial.system.arrays import Array

NAME = "duration"
KINDS = ("continuous",)
DEFAULT_OF = ("continuous",)
ASSUMES = (
    "Every night is your usual level, plus what the arm adds, plus slow changes, plus chance. Slow changes are"
    " weekday, trend, week-to-week ups and downs, and what you wrote down before the night. Bad nights count as much"
    " as good ones, because what is asked is the average over all nights. A night may resemble the one before."
)
FORMULA = (
    "nightly value ~ arm + block + (1 | period) + weekday + trend + covariates,"
    " Gaussian with AR(1) over calendar gaps"
)


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names: level, effect, block, period_sd, weekday_sd, trend, sigma, phi, ..."""
    return sleep_model(data, outcome)


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, in the outcome's unit."""
    return sleep_priors(data, outcome, (prior.EFFECT,))


def effect_prior_sd(data: TrialData, outcome: Outcome) -> float:
    """SD of the prior of an effect, in the outcome's unit."""
    return data.prior_width * prior.EFFECT.scale * level_and_scale(data, outcome)[1]


def variants(data: TrialData, outcome: Outcome) -> Mapping[str, Mapping[str, Array]]:
    """A sceptic's prior, who expects smaller effects."""
    return {"sceptical": sceptical(data, effect_prior_sd(data, outcome))}


def replicate(data: TrialData, outcome: Outcome, posterior: xr.Dataset, rng: np.random.Generator) -> Array:
    """Posterior predictive nights [draw, night], in the order of `columns_of`."""
    return replicate_sleep(columns_of(data, outcome), posterior, rng)
