"""From a PyMC model to two jitted functions of a point and the data."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.pytensorf import compile as compile_graph
from pymc.pytensorf import join_nonshared_inputs, rewrite_pregrad
from pytensor.tensor.variable import TensorVariable

from n1trial.inference.compile_cache._native import DENSITY, DRAW, Layout, pieces

LOG_LIKELIHOOD, LOG_PRIOR = "log_likelihood", "log_prior: "


def functions_of(built: pm.Model, *, densities: bool) -> tuple[Layout, dict[str, Any]]:
    """The log density with its gradient, and the variables of a draw, as jitted functions of a point and the data.

    A point holds the model's value variables, raveled, one after the other. With `densities` a draw holds log
    likelihood and log prior densities too.
    """
    start = built.initial_point()
    density = rewrite_pregrad(built.logp())
    slope = pt.join(0, *[gradient.ravel() for gradient in pt.grad(density, built.value_vars)])
    named = _of_a_draw(built) | (_densities(built) if densities else {})
    outputs = {
        DENSITY: ([density, slope], "NUMBA"),
        DRAW: ([pt.join(0, *[variable.ravel() for variable in named.values()])], "NUMBA"),
        "shapes": ([variable.shape for variable in named.values()], "FAST_COMPILE"),
    }
    functions = {}
    for name, (wanted, mode) in outputs.items():
        joined, point = join_nonshared_inputs(
            point=start, inputs=built.value_vars, outputs=wanted, make_inputs_shared=False
        )
        functions[name] = compile_graph([point], joined, mode=mode, on_unused_input="ignore")
    at_start = np.concatenate([np.ravel(value) for value in start.values()])
    shapes = functions.pop("shapes")(at_start)
    data = {
        shared.name: shared.get_value() for function in functions.values() for shared in function.get_shared()
    }
    layout = Layout(
        size=len(at_start),
        point=tuple(start),
        data=pieces({name: value.shape for name, value in data.items()}),
        dtypes={name: str(value.dtype) for name, value in data.items()},
        takes={
            name: [shared.name for shared in function.get_shared()] for name, function in functions.items()
        },
        draw=pieces({name: tuple(map(int, shape)) for name, shape in zip(named, shapes, strict=True)}),
    )
    return layout, {name: function.vm.jit_fn for name, function in functions.items()}


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
