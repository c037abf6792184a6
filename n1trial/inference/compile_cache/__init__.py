"""A cache on disk of models compiled to native code.

Compiling takes many times longer than sampling, and nutpie compiles its own functions anew in every process. Here
PyTensor's functions are wrapped so that numba can cache them: the log density with its gradient, which the sampler
calls by its address, and the variables of a draw. What changes between fits (`pm.Data`) enters as one array, so that
the code of an earlier fit can be used again. Its key is a fingerprint of the model's graph, the shapes of its data,
the package's source and versions, and this processor.
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
from n1trial.system.arrays import Array
from n1trial.system.files import write_whole

__all__ = ["LOG_LIKELIHOOD", "LOG_PRIOR", "POINT", "Compiled", "compile_model"]


POINT = "point"
LAYOUT = "layout.json"
# How long to wait for another process that compiles the same model: longer than any model takes.
LOCK_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """Native code of a model: for the sampler, and to make the variables of a draw from its point.

    A draw holds every free variable and deterministic by name and, where densities were asked for, the log
    likelihood [night] under `LOG_LIKELIHOOD` and the log prior density of every free variable under
    `LOG_PRIOR` and its name.

    Attributes
    ----------
    layout : Layout
        Positions of variables and data in flat arrays.
    native : Native
        The compiled functions.
    start : ndarray [size]
        Where the sampler starts, before jitter.
    values : Mapping of str to ndarray
        The model's `pm.Data` as it was built.
    known : bool
        Whether the code was in the cache.
    """

    layout: Layout
    native: Native
    start: Array
    values: Mapping[str, npt.NDArray[Any]]
    known: bool

    def packed(self, **updates: npt.NDArray[Any]) -> Array:
        """The model's `pm.Data` as one flat array, with `updates` in the place of the values it was built with.

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
        """The model as `nutpie.sample` takes it; its only variable is `POINT`."""
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
        """Every variable [chain, draw, ...], by name, of points [chain, draw, size]."""
        chains, count, size = points.shape
        flat = self.native.draws(np.ascontiguousarray(points.reshape(-1, size)), data)
        return {
            piece.name: flat[:, piece.start : piece.stop].reshape(chains, count, *piece.shape)
            for piece in self.layout.draw
        }


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
    entry = (folder or Path(pytensor.config.base_compiledir) / "n1trial") / fingerprint(
        built, densities=densities
    )
    cached = _cached(entry)
    known = cached is not None
    layout, native = cached or _compiled_into(built, entry, densities=densities)
    start = built.initial_point()
    return Compiled(
        layout=layout,
        native=native,
        start=np.concatenate([np.ravel(start[name]) for name in layout.point]),
        values={variable.name: variable.get_value() for variable in _shared(built)},
        known=known,
    )


def _shared(built: pm.Model) -> list[SharedVariable]:
    lengths = [length for length in built.dim_lengths.values() if isinstance(length, SharedVariable)]
    return [*built.data_vars, *lengths]


def _cached(folder: Path) -> tuple[Layout, Native] | None:
    try:
        layout = layout_of((folder / LAYOUT).read_text(encoding="utf-8"))
        with engine_of_its_own():
            return layout, native_code(layout, folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    except NumbaError:
        # Numba's part is missing, and cannot be compiled without PyTensor's functions.
        return None


def _compiled_into(built: pm.Model, folder: Path, *, densities: bool) -> tuple[Layout, Native]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One process at a time: code of two processes may differ in the last digit, and one would replace the other.
        with lock_ctx(folder, timeout=LOCK_TIMEOUT_S):
            if cached := _cached(folder):
                return cached
            layout, functions = functions_of(built, densities=densities)
            native_code(layout, folder, functions)
            # Last, so that a layout is never without its code.
            write_whole(folder / LAYOUT, layout_text(layout))
            # Read back, so that the first process runs the same code as later ones.
            return _cached(folder) or (layout, native_code(layout, folder, functions))
    except (OSError, FolderError):
        layout, functions = functions_of(built, densities=densities)
        return layout, native_code(layout, None, functions)
