"""From a PyMC model to two PyTensor functions of a point: the log density with its gradient, and the draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.pytensorf import compile as compile_graph
from pymc.pytensorf import join_nonshared_inputs, rewrite_pregrad
from pytensor.tensor.variable import TensorVariable

LOG_LIKELIHOOD, LOG_PRIOR = "log_likelihood", "log_prior: "
DENSITY, DRAW = "density_of", "draw_of"

type Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which variables a point, the data and a draw hold, one after the other in a flat array.

    Attributes
    ----------
    start : list of float
        The point where the sampler starts, before jitter.
    data : dict of str to tuple of int
        Shapes of the data, by name.
    dtypes : dict of str to str
        dtypes of the data, by name.
    takes : dict of str to list of str
        The data that `DENSITY` and `DRAW` take, in order.
    draw : dict of str to tuple of int
        Shapes of the variables of a draw, by name.
    """

    start: list[float]
    data: Shapes
    dtypes: dict[str, str]
    takes: dict[str, list[str]]
    draw: Shapes

    @property
    def size(self) -> int:
        """Length of a point."""
        return len(self.start)


def slices(shapes: Shapes) -> dict[str, slice]:
    """Where variables of these shapes stand, one after the other."""
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes.values()], dtype=int).tolist()
    return {name: slice(start, end) for name, start, end in zip(shapes, [0, *ends], ends, strict=False)}


def functions_of(
    built: pm.Model, *, densities: bool, wanted: tuple[str, ...] = (DENSITY, DRAW)
) -> tuple[Layout, dict[str, Any]]:
    """Compile the wanted functions of a point, which holds the model's value variables, one after the other.

    With `densities` a draw holds log likelihood and log prior densities too.
    """
    start = built.initial_point()
    named = _of_a_draw(built) | (_densities(built) if densities else {})
    outputs = {DRAW: [pt.join(0, *[variable.ravel() for variable in named.values()])]}
    if DENSITY in wanted:
        density = rewrite_pregrad(built.logp())
        slope = pt.join(0, *[gradient.ravel() for gradient in pt.grad(density, built.value_vars)])
        outputs[DENSITY] = [density, slope]
    functions = {name: _compiled(built, start, outputs[name], mode="NUMBA") for name in wanted}
    shape_of = _compiled(built, start, [variable.shape for variable in named.values()], mode="FAST_COMPILE")
    at_start = np.concatenate([np.ravel(start[variable.name]) for variable in built.value_vars])
    data = {
        shared.name: shared.get_value() for function in functions.values() for shared in function.get_shared()
    }
    layout = Layout(
        start=at_start.tolist(),
        data={name: value.shape for name, value in data.items()},
        dtypes={name: str(value.dtype) for name, value in data.items()},
        takes={
            name: [shared.name for shared in function.get_shared()] for name, function in functions.items()
        },
        draw={name: tuple(map(int, shape)) for name, shape in zip(named, shape_of(at_start), strict=True)},
    )
    return layout, functions


def _compiled(built: pm.Model, start: Mapping[str, Any], outputs: list[TensorVariable], *, mode: str) -> Any:
    joined, point = join_nonshared_inputs(
        point=start, inputs=built.value_vars, outputs=outputs, make_inputs_shared=False
    )
    return compile_graph([point], joined, mode=mode, on_unused_input="ignore")


def _of_a_draw(built: pm.Model) -> dict[str, TensorVariable]:
    """Free variables and deterministics by name."""
    drawn = built.replace_rvs_by_values(built.unobserved_RVs)
    return dict(zip((variable.name for variable in built.unobserved_RVs), drawn, strict=True))


def _densities(built: pm.Model) -> dict[str, TensorVariable]:
    """Log likelihood [night], and log prior densities, by name."""
    named = {LOG_LIKELIHOOD: sum(built.logp(vars=built.observed_RVs, jacobian=False, sum=False))}
    for free, density in zip(
        built.free_RVs, built.logp(vars=built.free_RVs, jacobian=False, sum=False), strict=True
    ):
        named[f"{LOG_PRIOR}{free.name}"] = density.sum()
    return named
