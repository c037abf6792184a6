"""Models: a trial's data and the priors become a PyMC model; nothing is sampled here and no file is read or written.

A model is a module here with the attributes of `Model`; the folder is the registry. Each has a variable `effect`, dims
("contrast",), arm minus reference in the contrast unit; what may change between fits of it stands in `pm.Data`.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt
import pymc as pm
import xarray as xr

from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.errors import AnalysisError
from n1trial.inference.priors import sources


class Model(Protocol):
    """What a module of this folder provides.

    Attributes
    ----------
    NAME : str
        Name of the model, as reports and `model_named` have it.
    ASSUMES : str
        What the model assumes, in a sentence for lay readers.
    FORMULA : str
        Terms and likelihood.
    KINDS : tuple of str
        Kinds of outcome that it can be fitted to: "continuous", "count", "yes-no".
    DEFAULT_OF : tuple of str
        Kinds of outcome whose default model it is.
    """

    NAME: str
    ASSUMES: str
    FORMULA: str
    KINDS: tuple[str, ...]
    DEFAULT_OF: tuple[str, ...]

    def build(self, data: TrialData, outcome: Outcome) -> pm.Model:
        """Make the model of one outcome under the default priors."""
        ...

    def priors(self, data: TrialData, outcome: Outcome) -> Mapping[str, str]:
        """Each prior in words and numbers, by what it is of."""
        ...

    def effect_prior_sd(self, data: TrialData, outcome: Outcome) -> float:
        """SD of the default prior of an effect, on the scale where it is Gaussian."""
        ...

    def variants(
        self, data: TrialData, outcome: Outcome
    ) -> Mapping[str, Mapping[str, npt.NDArray[np.float64]]]:
        """New values of the model's `pm.Data`, by the name of the variant they make."""
        ...

    def replicate(
        self, data: TrialData, outcome: Outcome, posterior: xr.Dataset, rng: np.random.Generator
    ) -> npt.NDArray[np.float64]:
        """Posterior predictive nights [draw, night], one replicate for each draw."""
        ...


def models() -> dict[str, Model]:
    """Every model of this folder by name."""
    modules = (
        importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    )
    return {module.NAME: cast(Model, module) for module in modules}


def model_for(outcome: Outcome) -> Model:
    """The default model of an outcome's kind."""
    return next(model for model in models().values() if outcome.kind in model.DEFAULT_OF)


def model_named(name: str, outcome: Outcome) -> Model:
    """The model of that name.

    Raises
    ------
    AnalysisError
        No such model, or it is for another kind of outcome.
    """
    fitting = {model.NAME: model for model in models().values() if outcome.kind in model.KINDS}
    if name not in fitting:
        raise AnalysisError(
            f"{outcome.name}: no model of a {outcome.kind} outcome is called {name!r}: choose from"
            f" {', '.join(sorted(fitting))}"
        )
    return fitting[name]


def describe(model: Model, data: TrialData, outcome: Outcome) -> str:
    """Formula, priors with the reason for each, and what the model assumes, as plain text."""
    why = sources()
    lines = [f"{model.NAME}: {model.FORMULA}", model.ASSUMES, "Priors:"]
    for what, words in model.priors(data, outcome).items():
        lines.append(f"  {what}: {words} ({why[what]})")
    return "\n".join(lines)
