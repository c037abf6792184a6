"""Trials made by hand for tests: the numbers can be followed in the head."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import OUTCOMES, Outcome

ARMS = ("none", "glycine", "magnesium")


def pretend_trial(
    *,
    effects: Mapping[str, float] = {},
    sd: float = 60.0,
    blocks: int = 6,
    period_nights: int = 7,
    arms: tuple[str, ...] = ARMS,
    outcome: Outcome = OUTCOMES["tst_min"],
    level: float = 420.0,
    counts: bool = False,
    seed: int = 0,
    **changes: object,
) -> TrialData:
    """Permuted blocks on `arms`, the first of them the reference; Gaussian nights, or Poisson counts."""
    rng = np.random.default_rng(seed)
    order = [arm for _ in range(blocks) for arm in rng.permutation(arms)]
    arm = np.repeat(order, period_nights)
    nights = len(arm)
    mean = level + np.array([effects.get(name, 0.0) for name in arm])
    values = rng.poisson(mean) if counts else mean + sd * rng.standard_normal(nights)
    table = pd.DataFrame(
        {
            "night": pd.date_range("2026-01-05", periods=nights, unit="s"),
            "day": np.arange(nights),
            "arm": arm,
            "block": np.arange(nights) // (len(arms) * period_nights) + 1,
            "period": np.arange(nights) // period_nights + 1,
            outcome.name: values.astype(float),
            "left_out": "",
            "flags": "",
        }
    )
    fields: dict[str, object] = {
        "table": table,
        "arms": arms,
        "reference": arms[0],
        "labels": {name: name for name in arms},
        "outcomes": (outcome,),
    }
    return TrialData(**(fields | changes))  # type: ignore[arg-type]


CONFOUNDERS = tuple(f"confounder_{number}" for number in range(7))


def shaped_as_the_template(data: TrialData) -> TrialData:
    """The trial with a week of run-in and confounders of pure noise before its nights.

    Of three arms in six blocks of weeks its models then have the shape of those of the template
    glycine-vs-magnesium-glycinate, so that one compiled model does for both.
    """
    rng, table = np.random.default_rng(8), data.table
    week = table.head(7)
    run_in = week.assign(
        night=week["night"] - pd.Timedelta(days=7), arm=data.reference, block=0, period=0, left_out="run-in"
    )
    nights = pd.concat([run_in, table], ignore_index=True)
    noise = {name: rng.standard_normal(len(nights)) for name in CONFOUNDERS}
    return replace(data, table=nights.assign(day=np.arange(len(nights)), **noise), covariates=CONFOUNDERS)


def built_otherwise(model: Any, change: Callable[..., Any]) -> Any:
    """A model of one person whose PyMC model is what `change` makes of it, the data and the outcome."""
    kept = ("NAME", "ASSUMES", "FORMULA", "priors", "effect_prior_sd", "variants")
    return SimpleNamespace(
        **{name: getattr(model, name) for name in kept},
        build=lambda data, outcome: change(model.build(data, outcome), data, outcome),
    )
