"""A model as native code, compiled once and kept for the mornings to come.

Compiling takes many times longer than sampling, and nutpie compiles its own functions anew in every process.
Here PyTensor's functions are wrapped so that numba can keep them on disk: the log density with its gradient,
which the sampler calls by its address, and the variables of a draw. What changes between fits (`pm.Data`)
enters as one array, so yesterday's code serves today. It is found again by a fingerprint of the model's
graph, the shapes of its data, the program's source and versions, and this processor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor
from numba.core.errors import NumbaError
from nutpie.compile_pymc import CompiledPyMCModel
from pytensor.compile.compilelock import lock_ctx
from pytensor.compile.sharedvalue import SharedVariable

from n1trial.errors import FolderError
from n1trial.inference.compile_cache._fingerprint import fingerprint
from n1trial.inference.compile_cache._graphs import LOG_LIKELIHOOD, LOG_PRIOR, functions_of
from n1trial.inference.compile_cache._native import (
    Layout,
    Native,
    engine_of_its_own,
    layout_of,
    layout_text,
    native_code,
)
from n1trial.system.files import write_whole

__all__ = ["LOG_LIKELIHOOD", "LOG_PRIOR", "POINT", "Compiled", "compile_model"]

type Array = npt.NDArray[np.float64]

POINT = "point"
LAYOUT = "layout.json"
# Longer than any model of ours takes to compile.
MAKING_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """Native code of a model: for the sampler, and to make the variables of a draw from its point.

    A draw holds every free variable and deterministic by name and, where densities were asked for, the log
    likelihood [night] under `LOG_LIKELIHOOD` and the log prior density of every free variable under
    `LOG_PRIOR` and its name.
    `start` is where the sampler starts, and `values` what the code takes as data; `known` tells that it
    was there already.
    """

    layout: Layout
    native: Native
    start: Array
    values: Mapping[str, npt.NDArray[Any]]
    known: bool

    def packed(self, **updates: npt.NDArray[Any]) -> Array:
        """The model's `pm.Data` as one array, with other values where they are given.

        Raises
        ------
        ValueError
            A value has another shape than the code was compiled for.
        """
        flat = np.zeros(self.layout.data[-1].stop if self.layout.data else 0)
        for piece in self.layout.data:
            value = np.asarray(updates.get(piece.name, self.values[piece.name]))
            if value.shape != piece.shape:
                raise ValueError(f"{piece.name} has shape {value.shape}, the code is for {piece.shape}")
            flat[piece.start : piece.stop] = value.ravel()
        return flat

    def for_nutpie(self, data: Array) -> CompiledPyMCModel:
        """What `nutpie.sample` takes; its only variable is `POINT`."""
        size = self.layout.size
        return CompiledPyMCModel(
            dims={},
            _n_dim=size,
            _shapes={POINT: (size,)},
            _coords={},
            compiled_logp_func=self.native.density,
            compiled_expand_func=self.native.same,
            initial_point_func=lambda seed: self.start + np.random.default_rng(seed).uniform(-1, 1, size),
            shared_data={},
            shared_var_keys={},
            user_data=data,
            n_expanded=size,
            shape_info=([POINT], [slice(0, size)], [(size,)]),
            logp_func=None,
            expand_func=None,
        )

    def draws(self, points: Array, data: Array) -> dict[str, Array]:
        """Every variable [chain, draw, ...] of points [chain, draw, size]."""
        chains, count, size = points.shape
        flat = self.native.draws(np.ascontiguousarray(points.reshape(-1, size)), data)
        return {
            piece.name: flat[:, piece.start : piece.stop].reshape(chains, count, *piece.shape)
            for piece in self.layout.draw
        }


def compile_model(built: pm.Model, *, densities: bool = True, folder: Path | None = None) -> Compiled:
    """Native code of a model, from disk where an equal model was compiled before.

    Parameters
    ----------
    densities
        Whether a draw holds log likelihood and log prior densities: of many people they are larger than all
        else.
    folder
        Where code is kept, by default beside PyTensor's own. Where it cannot be written nothing is kept.
    """
    here = (folder or Path(pytensor.config.base_compiledir) / "n1trial") / fingerprint(
        built, densities=densities
    )
    found = _kept(here)
    known = found is not None
    layout, native = found or _made(built, here, densities=densities)
    start = built.initial_point()
    return Compiled(
        layout=layout,
        native=native,
        start=np.concatenate([np.ravel(start[name]) for name in layout.point]),
        values={variable.name: variable.get_value() for variable in _shared(built)},
        known=known,
    )


def _shared(built: pm.Model) -> list[SharedVariable]:
    lengths = [each for each in built.dim_lengths.values() if isinstance(each, SharedVariable)]
    return [*built.data_vars, *lengths]


def _kept(folder: Path) -> tuple[Layout, Native] | None:
    try:
        layout = layout_of((folder / LAYOUT).read_text(encoding="utf-8"))
        with engine_of_its_own():
            return layout, native_code(layout, folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    except NumbaError:
        # Numba's part is not there, and without PyTensor's functions it cannot be made again.
        return None


def _made(built: pm.Model, folder: Path, *, densities: bool) -> tuple[Layout, Native]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One process at a time: another's code may differ in the last digit, and one of them would be replaced.
        with lock_ctx(folder, timeout=MAKING_S):
            if found := _kept(folder):
                return found
            layout, functions = functions_of(built, densities=densities)
            native_code(layout, folder, functions)
            # Last, so that a layout always has its code beside it.
            write_whole(folder / LAYOUT, layout_text(layout))
            # Read back, so that the first process runs the very code that later ones do.
            return _kept(folder) or (layout, native_code(layout, folder, functions))
    except (OSError, FolderError):
        layout, functions = functions_of(built, densities=densities)
        return layout, native_code(layout, None, functions)
