"""Wake episodes as negative binomial counts: `awakenings` with variance above the mean, as a sensitivity.

    n_t ~ NegativeBinomial(λ_t, α),  Var = λ + λ² / α

with the rate λ_t of `awakenings`. It cannot be under-dispersed, as counts of wearables often are.
"""

from collections.abc import Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference import priors as prior
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import _counts, awakenings
from n1trial.inference.models._counts import count_model, count_priors, rates
from n1trial.system.arrays import Array

NAME = "negative_binomial"
KINDS = ("count",)
DEFAULT_OF = ()
ASSUMES = awakenings.ASSUMES.replace("varies by chance", "varies more than pure chance does")
FORMULA = f"{awakenings.TERMS}, negative binomial with log link"

effect_prior_sd = _counts.effect_prior_sd
variants = _counts.count_variants


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names as in `awakenings`, with shape for omega."""
    return count_model(data, outcome, _likelihood)


def _likelihood(
    count: pt.TensorVariable, rate: pt.TensorVariable, used: pt.TensorVariable, usual: pt.TensorVariable
) -> None:
    shape = pm.LogNormal("shape", np.log(prior.SHAPE.parameters[0]), prior.SHAPE.parameters[1])
    pm.CustomDist("nights", rate, shape, used, logp=_logp, observed=count)


def _logp(
    count: pt.TensorVariable, rate: pt.TensorVariable, shape: pt.TensorVariable, used: pt.TensorVariable
) -> pt.TensorVariable:
    ways = pt.gammaln(count + shape) - pt.gammaln(shape) - pt.gammaln(count + 1.0)
    return used * (ways + count * pt.log(rate / (rate + shape)) - shape * pt.log1p(rate / shape))


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, on the log scale unless it says otherwise."""
    return count_priors(data, outcome, (prior.SHAPE,))


def replicate(data: TrialData, outcome: Outcome, posterior: xr.Dataset, rng: np.random.Generator) -> Array:
    """Posterior predictive counts [draw, night], not adjusted for sleep time, in the order of `columns_of`."""
    columns = columns_of(data, outcome)
    shape = np.ravel(posterior["shape"].to_numpy())[:, None]
    rate = rates(columns, posterior)
    return rng.poisson(rate * rng.gamma(np.broadcast_to(shape, rate.shape)) / shape) * columns.used
