"""A model compiled by nutpie's and PyTensor's public functions alone, anew in every process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import nutpie
import pymc as pm

from n1trial.inference.compile_cache._compiled import Compiled, shared_data
from n1trial.inference.compile_cache._graphs import DRAW, functions_of
from n1trial.system.arrays import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class CompiledAnew(Compiled):
    """A model with the code that nutpie compiled, and PyTensor's function of a draw."""

    built: pm.Model
    nutpie_model: Any
    draw: Any

    def for_nutpie(self, changed: Mapping[str, npt.NDArray[Any]]) -> Any:
        """The model as `nutpie.sample` takes it."""
        return self.nutpie_model.with_data(**changed) if changed else self.nutpie_model

    def drawn(self, points: Array, changed: Mapping[str, npt.NDArray[Any]]) -> Array:
        """Flat draws [draw, width] of points [draw, size]."""
        with _changed_data(self.built, changed):
            return np.array([self.draw(point)[0] for point in points])


def compiled_anew(built: pm.Model, *, densities: bool, why: str) -> CompiledAnew:
    """Compile a model; `why` says why its code is not kept."""
    layout, functions = functions_of(built, densities=densities, wanted=(DRAW,))
    return CompiledAnew(
        layout=layout,
        data={variable.name: variable.get_value() for variable in shared_data(built)},
        why_not_kept=why,
        built=built,
        nutpie_model=nutpie.compile_pymc_model(built),
        draw=functions[DRAW],
    )


@contextmanager
def _changed_data(built: pm.Model, changed: Mapping[str, npt.NDArray[Any]]) -> Iterator[None]:
    before = {name: built[name].get_value() for name in changed}
    try:
        for name, value in changed.items():
            built[name].set_value(value)
        yield
    finally:
        for name, value in before.items():
            built[name].set_value(value)
