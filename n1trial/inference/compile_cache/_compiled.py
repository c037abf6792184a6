"""What a compiled model does, however it was compiled."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import nutpie
import pymc as pm
from pytensor.compile.sharedvalue import SharedVariable

from n1trial.inference.compile_cache._graphs import Layout, slices
from n1trial.system.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """What the sampler visited.

    Attributes
    ----------
    values : ndarray [chain, draw, size]
        The unconstrained parameters.
    energy : ndarray [chain, draw]
        Energy of each draw.
    diverging : ndarray of bool [chain, draw]
        Whether the trajectory diverged.
    """

    values: Array
    energy: Array
    diverging: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Compiled(ABC):
    """A model compiled for the sampler, and to make the variables of a draw from its point.

    A draw holds every free variable and deterministic by name and, where densities were asked for, the log
    likelihood [night] under `LOG_LIKELIHOOD` and the log prior density of every free variable under
    `LOG_PRIOR` and its name.

    Attributes
    ----------
    layout : Layout
        Positions of variables and data in flat arrays.
    data : Mapping of str to ndarray
        The model's `pm.Data` as it was built.
    known : bool
        Whether the code was in the cache.
    why_not_kept : str
        Why the code is compiled anew in every process; empty where it is kept.
    """

    layout: Layout
    data: Mapping[str, npt.NDArray[Any]]
    known: bool = False
    why_not_kept: str = ""

    @abstractmethod
    def for_nutpie(self, changed: Mapping[str, npt.NDArray[Any]]) -> Any:
        """The model as `nutpie.sample` takes it, with `changed` in the place of data that it was built with."""

    @abstractmethod
    def drawn(self, points: Array, changed: Mapping[str, npt.NDArray[Any]]) -> Array:
        """Flat draws [draw, width] of points [draw, size]."""

    def sample(self, changed: Mapping[str, npt.NDArray[Any]], **how: Any) -> Points:
        """What `nutpie.sample` visits; `how` are its arguments."""
        tree = nutpie.sample(
            self.for_nutpie(self.checked(changed)),
            save_warmup=False,
            progress_bar=False,
            store_unconstrained=True,
            **how,
        )
        stats = tree["sample_stats"]
        return Points(
            values=stats["unconstrained_draw"].to_numpy(),
            energy=stats["energy"].to_numpy(),
            diverging=stats["diverging"].to_numpy(),
        )

    def draws(self, points: Array, changed: Mapping[str, npt.NDArray[Any]]) -> dict[str, Array]:
        """Every variable [chain, draw, ...], by name, of points [chain, draw, size].

        Raises
        ------
        ValueError
            Data of another shape than the model was compiled for.
        """
        chains, count, size = points.shape
        flat = self.drawn(np.ascontiguousarray(points.reshape(-1, size)), self.checked(changed))
        shapes = self.layout.draw
        return {
            name: flat[:, place].reshape(chains, count, *shapes[name])
            for name, place in slices(shapes).items()
        }

    def checked(self, changed: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        """The changed data as arrays, once their shapes are those that the model was compiled for."""
        arrays = {name: np.asarray(value) for name, value in changed.items()}
        for name, value in arrays.items():
            if value.shape != self.data[name].shape:
                raise ValueError(f"{name} has shape {value.shape}, the code is for {self.data[name].shape}")
        return arrays


def shared_data(built: pm.Model) -> Iterator[SharedVariable]:
    """The model's `pm.Data`, and the lengths of dimensions that may change."""
    yield from built.data_vars
    yield from (length for length in built.dim_lengths.values() if isinstance(length, SharedVariable))
