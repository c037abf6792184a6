"""Wake episodes as Poisson counts: `awakenings` with variance equal to the mean, as a sensitivity.

    n_t ~ Poisson(λ_t)

with the rate λ_t of `awakenings`. Where counts are under-dispersed its intervals are too wide.
"""

from collections.abc import Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import _counts, awakenings
from n1trial.inference.models._counts import count_model, count_priors, rates
from n1trial.system.arrays import Array

NAME = "poisson"
KINDS = ("count",)
DEFAULT_OF = ()
ASSUMES = awakenings.ASSUMES.replace("varies by chance", "varies, as pure chance does,")
FORMULA = f"{awakenings.TERMS}, Poisson with log link"

effect_prior_sd = _counts.effect_prior_sd
variants = _counts.count_variants


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names as in `awakenings`, without omega."""
    return count_model(data, outcome, _likelihood)


def _likelihood(
    count: pt.TensorVariable, rate: pt.TensorVariable, used: pt.TensorVariable, usual: pt.TensorVariable
) -> None:
    pm.CustomDist("nights", rate, used, logp=_logp, observed=count)


def _logp(count: pt.TensorVariable, rate: pt.TensorVariable, used: pt.TensorVariable) -> pt.TensorVariable:
    return used * (count * pt.log(rate) - rate - pt.gammaln(count + 1.0))


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, on the log scale unless it says otherwise."""
    return count_priors(data, outcome, ())


def replicate(data: TrialData, outcome: Outcome, posterior: xr.Dataset, rng: np.random.Generator) -> Array:
    """Posterior predictive counts [draw, night], not adjusted for sleep time, in the order of `columns_of`."""
    columns = columns_of(data, outcome)
    return rng.poisson(rates(columns, posterior)) * columns.used
