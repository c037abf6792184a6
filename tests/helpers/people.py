"""Cohorts made by hand for tests, and cohorts simulated from a model."""

import warnings
from dataclasses import replace

import numpy as np
import pymc as pm
import xarray as xr
from pretend import pretend_trial

from n1trial.cohort import Person, gather
from n1trial.cohort.one_stage.replicate import replicated_nights
from n1trial.design.outcomes import OUTCOMES
from n1trial.inference.fit import Diagnostics
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.sampling import Sampled

SLEEP, WAKES = OUTCOMES["tst_min"], OUTCOMES["wake_episodes"]
# What the published and measured figures rest on: people as different as the specification says.
ORDINARY = {
    "average": np.array([5.0, 15.0]),
    "spread": np.array([8.0, 12.0]),
    "period_sd": 10.0,
    "level_sd": 40.0,
    "weekday_sd": 20.0,
    "weekday_spread": 12.0,
    "log_sigma_sd": 0.25,
    "phi_of_all": 0.05,
    "phi_sd": 0.08,
}


def pretend_people(count, *, outcome=SLEEP, effects=None, **changes):
    """People of one protocol, each with a schedule of their own; `effects` is a function of the position."""
    counts = outcome.kind == "count"
    return [
        Person(
            name=f"person {position + 1}",
            data=pretend_trial(
                outcome=outcome,
                level=3.0 if counts else 420.0,
                counts=counts,
                seed=position,
                effects=effects(position) if effects else {},
                **changes,
            ),
        )
        for position in range(count)
    ]


def simulated_cohort(people, model, outcome, *, held, seed):
    """The people with nights simulated from a model, parameters `held` or from the prior, and the true parameters."""
    cohort = gather(people, outcome.name)
    built = model.build(cohort)
    names = [variable.name for variable in (*built.free_RVs, *built.deterministics)]
    with warnings.catch_warnings(), pm.do(built, held) if held else built:
        # Some distributions are drawn by NumPy: slower, and right.
        warnings.simplefilter("ignore")
        drawn = pm.sample_prior_predictive(
            1, var_names=[name for name in names if name not in held], random_seed=seed
        )
    truth = drawn["prior"].to_dataset().isel(chain=0, draw=0)
    for name, value in held.items():
        truth[name] = (built.named_vars_to_dims.get(name, ()), np.asarray(value, dtype=float))
    return with_nights(cohort, replicated_nights(cohort, truth, np.random.default_rng(seed))), truth


def drawn_by_hand(built, compiled, values, *, seed, draws, **_):
    """In the place of the sampler: draws of every variable of a cohort's model, near 0."""
    rng, size = np.random.default_rng(seed), (4, draws)
    lengths = {name: int(length.eval()) for name, length in built.dim_lengths.items()}
    posterior = xr.Dataset(coords={name: list(own) for name, own in built.coords.items() if own is not None})
    for variable in (*built.free_RVs, *built.deterministics):
        dims = built.named_vars_to_dims.get(variable.name, ())
        drawn = rng.standard_normal((*size, *(lengths[name] for name in dims)))
        positive = variable.name.endswith(("sd", "spread", "sigma"))
        posterior[variable.name] = (("chain", "draw", *dims), np.abs(drawn) if positive else drawn)
        if variable.name == "correlation":
            posterior[variable.name].data[:] = np.eye(drawn.shape[-1])
    return Sampled(
        points=np.empty((*size, 0)),
        posterior=posterior,
        densities=xr.Dataset(),
        diagnostics=Diagnostics(
            chains=4,
            draws=draws,
            max_r_hat=1.0,
            min_ess_bulk=2000,
            min_ess_tail=2000,
            divergences=0,
            min_bfmi=0.9,
        ),
        problems=(),
    )


def with_nights(cohort, nights):
    """The cohort with other nights, in the order of `stack`."""
    people, first = [], 0
    for person in cohort.people:
        columns = columns_of(person.data, cohort.outcome)
        used = int(columns.used.sum())
        table = person.data.table.copy()
        table.iloc[columns.row[:used], table.columns.get_loc(cohort.outcome.name)] = nights[
            first : first + used
        ]
        first += used
        people.append(replace(person, data=replace(person.data, table=table)))
    return gather(people, cohort.outcome.name)
