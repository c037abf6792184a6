"""The sleep-time model sampled for one trial after another, and dense algebra, to compare the fast engine with."""

import numpy as np
import sbc

from n1trial.inference import priors as prior
from n1trial.inference.compile_cache import compile_model
from n1trial.inference.model_matrix import columns_of
from n1trial.inference.models import duration


class Sampler:
    """Samples one trial after another; compiled again only where the shapes differ."""

    def __init__(self, outcome):
        self.outcome, self.compiled = outcome, {}

    def draws(self, data, *, draws, seed=1):
        """Posterior as an xarray Dataset."""
        model = duration.build(data, self.outcome)
        values = {variable.name: variable.get_value() for variable in model.data_vars}
        shapes = tuple((name, value.shape) for name, value in values.items())
        if shapes not in self.compiled:
            self.compiled[shapes] = compile_model(model)
        return sbc.sample(
            model,
            self.compiled[shapes],
            values,
            draws=draws,
            tune=600,
            chains=4,
            cores=2,
            seed=seed,
            target_accept=0.9,
        )


class Given:
    """Arms of one trial by dense algebra, when everything but the linear part is known."""

    def __init__(self, data, outcome):
        columns = columns_of(data, outcome)
        recorded = columns.used > 0
        day = columns.day[recorded]
        terms = {name: column[recorded] for name, column in columns.terms.items()}
        self.arm, self.y = terms["arm"], columns.y[recorded] - prior.LEVEL.parameters[0]
        self.apart = np.abs(np.subtract.outer(day, day)).astype(int)
        self.certain = prior.LEVEL.scale**2 + prior.TREND.scale**2 * terms["trend"] @ terms["trend"].T
        zero_sum = np.eye(7) - 1 / 7
        self.of_blocks = prior.BLOCK.scale**2 * terms["block"] @ terms["block"].T
        self.shared = {
            "period_sd": terms["period"] @ terms["period"].T,
            "weekday_sd": terms["weekday"] @ zero_sum @ terms["weekday"].T,
        }

    def arms(self, *, sigma, phi, **sds):
        """Mean [arm] and covariance [arm, arm]."""
        gaps = np.arange(self.apart.max() + 1)
        errors = (sigma**2 / (1 - phi**2) * phi**gaps)[self.apart] + self.certain + sigma**2 * self.of_blocks
        for name, sd in sds.items():
            errors += sd**2 * self.shared[name]
        solved = np.linalg.solve(errors, np.column_stack([self.arm, self.y]))
        precision = self.arm.T @ solved[:, :-1] + np.eye(self.arm.shape[1]) / prior.EFFECT.scale**2
        covariance = np.linalg.inv(precision)
        return covariance @ (self.arm.T @ solved[:, -1]), covariance


def known_but_for_sampling(data, outcome, posterior, *, take):
    """Means and SDs [arm]: the hyperparameters from draws, the arms given them from dense algebra."""
    names = ("sigma", "phi", "period_sd", "weekday_sd")
    flat = {name: posterior[name].to_numpy().ravel() for name in names}
    chosen = np.linspace(0, len(flat["phi"]) - 1, take).astype(int)
    given = Given(data, outcome)
    found = [given.arms(**{name: float(flat[name][k]) for name in names}) for k in chosen]
    means = np.array([mean for mean, _ in found])
    variances = np.array([np.diag(covariance) for _, covariance in found])
    return means.mean(axis=0), np.sqrt(variances.mean(axis=0) + means.var(axis=0))
