"""SDs with a half-normal prior, sampled on a scale where that prior is standard normal."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform


class NormalQuantile(Transform):  # type: ignore[misc]  # PyMC carries no types
    """Transform of a HalfNormal(σ) variable s to x with Φ(x) = 2 Φ(s / σ) - 1, which is standard normal a priori.

    On the usual logarithmic scale an SD that the nights hardly inform has an exponential tail towards -∞, along which
    the sampler moves slowly. Here the tail is Gaussian: on the demo's nights the SD between periods has twice the
    effective draws for the same gradients.
    """

    name = "normal_quantile"

    def forward(self, value: pt.TensorVariable, *inputs: pt.TensorVariable) -> pt.TensorVariable:
        """From the SD to x."""
        return _upper_quantile(2.0 * _upper_tail(value / inputs[-1]))

    def backward(self, value: pt.TensorVariable, *inputs: pt.TensorVariable) -> pt.TensorVariable:
        """From x to the SD."""
        return inputs[-1] * _standardised(value)

    def log_jac_det(self, value: pt.TensorVariable, *inputs: pt.TensorVariable) -> pt.TensorVariable:
        """Logarithm of ds/dx = σ φ(x) / (2 φ(s / σ))."""
        return pt.log(inputs[-1]) - 0.5 * value**2 + 0.5 * _standardised(value) ** 2 - np.log(2.0)


def half_normal(name: str, scale: pt.TensorVariable | float, **dims: str) -> pt.TensorVariable:
    """A HalfNormal(scale) variable; call it inside a model."""
    return pm.HalfNormal(name, scale, default_transform=NormalQuantile(), **dims)


def _standardised(value: pt.TensorVariable) -> pt.TensorVariable:
    return _upper_quantile(0.5 * _upper_tail(value))


def _upper_tail(value: pt.TensorVariable) -> pt.TensorVariable:
    """1 - Φ."""
    return 0.5 * pt.erfc(value / np.sqrt(2.0))


def _upper_quantile(chance: pt.TensorVariable) -> pt.TensorVariable:
    return np.sqrt(2.0) * pt.erfcinv(2.0 * chance)
