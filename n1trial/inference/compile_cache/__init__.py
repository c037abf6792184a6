"""Models compiled for the sampler, with their native code kept on disk from one process to the next.

Compiling takes many times longer than sampling, and nutpie compiles its own functions anew in every process. `_kept`
wraps PyTensor's functions so that numba can cache them, for which it needs private parts of numba and nutpie. Where
one of them is missing or fails, `_by_nutpie` compiles the model by `nutpie.compile_pymc_model` every time: the same
draws within their Monte Carlo error, some seconds later. `n1trial doctor` says which of the two is in use.
"""

import importlib
from pathlib import Path

import pymc as pm
import pytensor

from n1trial.errors import N1TrialError
from n1trial.inference.compile_cache._compiled import Compiled, Points
from n1trial.inference.compile_cache._graphs import LOG_LIKELIHOOD, LOG_PRIOR

__all__ = ["LOG_LIKELIHOOD", "LOG_PRIOR", "Compiled", "Points", "compile_model"]


def compile_model(built: pm.Model, *, densities: bool = True, folder: Path | None = None) -> Compiled:
    """Native code of a model, from the cache where an equal model was compiled before.

    Parameters
    ----------
    densities
        Whether a draw holds log likelihood and log prior densities, which for many people are larger than all other
        variables.
    folder
        Folder of the cache, by default in PyTensor's own. Where it cannot be written nothing is cached.
    """
    package = __name__
    try:
        kept = importlib.import_module(f"{package}._kept")
        place = folder or Path(pytensor.config.base_compiledir) / "n1trial"
        made: Compiled = kept.kept_or_compiled(built, densities=densities, folder=place)
    except N1TrialError:
        raise
    # Private parts of another release may fail in any way.
    except Exception as error:  # noqa: BLE001
        by_nutpie = importlib.import_module(f"{package}._by_nutpie")
        made = by_nutpie.compiled_anew(built, densities=densities, why=f"{type(error).__name__}: {error}")
    return made
