"""Sleep time with a smooth drift: `duration` plus a Gaussian process, for trials of more than 150 nights.

    m_t = that of `duration` + g(t),  g ~ GP(0, σ_g² Matérn-5/2(ℓ)),  ℓ = 2 period lengths + HalfNormal(30)

The length scale is bounded well above a period, so that the drift is never confounded with an arm. The process is
approximated in a basis of sines (Hilbert space), which costs a matrix product.

Riutort-Mayol, Bürkner, Andersen, Solin & Vehtari (2023), doi:10.1007/s11222-022-10167-2, also for the number
of sines.
"""

import math
from collections.abc import Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from pymc.gp.hsgp_approx import calc_eigenvalues, calc_eigenvectors

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.inference import priors as prior
from n1trial.inference.model_matrix import Columns, columns_of
from n1trial.inference.models import duration
from n1trial.inference.models._half_normal import half_normal
from n1trial.inference.models._linear import linear
from n1trial.inference.models._sleep import fixed_shape, level_and_scale, replicate_sleep, sleep_model
from n1trial.system.arrays import Array

NAME = "drifting"
KINDS = ("continuous",)
DEFAULT_OF = ()
ASSUMES = duration.ASSUMES.replace(
    "Slow changes are weekday", "Slow changes are a smooth drift over months, weekday"
)
FORMULA = duration.FORMULA.replace(" + trend", " + trend + smooth drift")
# How far the basis reaches beyond the trial, in half-lengths of it, and sines needed for that.
REACH, SINES = 2.0, 2.65

effect_prior_sd = duration.effect_prior_sd
variants = duration.variants


def build(data: TrialData, outcome: Outcome) -> pm.Model:
    """Make the model; names: drift_sd, drift_nights (its length), drift_z, and those of `duration`."""
    columns = columns_of(data, outcome)
    sines, frequency = basis(data, columns)

    def drift(scale: pt.TensorVariable) -> pt.TensorVariable:
        waves = fixed_shape("sines", sines)
        sd = half_normal("drift_sd", prior.DRIFT_SD.scale * scale)
        beyond = half_normal("drift_nights_beyond", prior.DRIFT_NIGHTS.scale)
        length = pm.Deterministic("drift_nights", shortest(data) + beyond)
        pm.modelcontext(None).add_coord("sine", np.arange(len(frequency)))
        z = pm.Normal("drift_z", 0.0, 1.0, dims="sine")
        return pt.dot(waves, z * sd * pt.sqrt(density(pt.constant(frequency), length)))

    return sleep_model(data, outcome, drift=drift)


def shortest(data: TrialData) -> float:
    """The shortest length scale: two period lengths, in nights."""
    planned = data.table[data.table["period"] > 0]
    return 2.0 * float(planned.groupby("period").size().max())


def basis(data: TrialData, columns: Columns) -> tuple[Array, Array]:
    """Sines [night, sine], centred over the analysed nights, and their frequencies [sine] per night."""
    half = max(1.0, float(data.table["day"].max()) / 2)
    count = [math.ceil(SINES * REACH * half / shortest(data)) + 1]
    reach = np.array([REACH * half])
    values = calc_eigenvalues(reach, count)
    sines = calc_eigenvectors((columns.day - half)[:, None], reach, values, count)
    waves = np.asarray(sines.eval() if hasattr(sines, "eval") else sines)
    waves = waves - waves[columns.analysed > 0].mean(axis=0)
    frequency = np.sqrt(np.ravel(values.eval() if hasattr(values, "eval") else values))
    return np.where(columns.used[:, None] > 0, waves, 0.0), frequency


def density(frequency: pt.TensorVariable, length: pt.TensorVariable) -> pt.TensorVariable:
    """Spectral density of the Matérn-5/2 kernel of SD 1."""
    return 16.0 / 3.0 * 5.0**2.5 / length**5 * (5.0 / length**2 + frequency**2) ** -3.0


def priors(data: TrialData, outcome: Outcome) -> Mapping[str, str]:
    """Each prior in words and numbers, in the outcome's unit."""
    scale = level_and_scale(data, outcome)[1]
    of_drift = prior.in_words((prior.DRIFT_SD, prior.DRIFT_NIGHTS), scale=scale, unit=outcome.unit)
    return {**duration.priors(data, outcome), **of_drift}


def replicate(data: TrialData, outcome: Outcome, posterior: xr.Dataset, rng: np.random.Generator) -> Array:
    """Posterior predictive nights [draw, night], in the order of `columns_of`."""
    columns = columns_of(data, outcome)
    sines, frequency = basis(data, columns)
    drawn = posterior.stack(sample=("chain", "draw"))
    z = drawn["drift_z"].transpose("sample", ...).to_numpy()
    sd, beyond = (drawn[name].to_numpy()[:, None] for name in ("drift_sd", "drift_nights_beyond"))
    drift = (z * sd * np.sqrt(density(frequency, shortest(data) + beyond))) @ sines.T
    mean = linear(columns, posterior, level="level", arm="effect") + drift
    return replicate_sleep(columns, posterior, rng, mean=mean)
