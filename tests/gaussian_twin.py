"""The Gaussian model sampled for one trial after another, and dense algebra, to compare the twin with."""

import warnings

import numpy as np
import nutpie

from n1trial.columns import columns_of
from n1trial.models import _priors as prior
from n1trial.models import gaussian


class Sampler:
    """Samples the twin of one trial after another; compiled again only where the shapes differ."""

    def __init__(self, outcome):
        self.outcome, self.compiled = outcome, {}

    def draws(self, data, *, draws, seed=1):
        """Posterior of the twin as an xarray Dataset."""
        model = gaussian.build(data, self.outcome)
        values = {variable.name: variable.get_value() for variable in model.data_vars}
        shapes = tuple((name, value.shape) for name, value in values.items())
        if shapes not in self.compiled:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.compiled[shapes] = nutpie.compile_pymc_model(model)
        tree = nutpie.sample(
            self.compiled[shapes].with_data(**values),
            draws=draws,
            tune=600,
            chains=4,
            cores=2,
            seed=seed,
            target_accept=0.9,
            progress_bar=False,
        )
        return tree["posterior"].to_dataset()


def given(data, outcome, *, sigma, phi, period_sd, block_sd, weekday_sd):
    """Mean [arm] and covariance [arm, arm] of the arms when everything but the linear part is known."""
    columns = columns_of(data, outcome)
    recorded = columns.used > 0
    terms = {name: column[recorded] for name, column in columns.terms.items()}
    nights = int(recorded.sum())
    apart = np.abs(np.subtract.outer(columns.day[recorded], columns.day[recorded]))
    errors = sigma**2 / (1 - phi**2) * np.sign(phi) ** apart * np.abs(phi) ** apart
    errors = errors + prior.LEVEL.scale**2 * np.ones((nights, nights))
    errors = errors + prior.TREND.scale**2 * terms["trend"] @ terms["trend"].T
    errors = errors + period_sd**2 * terms["period"] @ terms["period"].T
    errors = errors + block_sd**2 * terms["block"] @ terms["block"].T
    zero_sum = np.eye(7) - 1 / 7
    errors = errors + weekday_sd**2 * terms["weekday"] @ zero_sum @ terms["weekday"].T
    arm, y = terms["arm"], columns.y[recorded] - prior.LEVEL.parameters[0]
    solved = np.linalg.solve(errors, np.column_stack([arm, y]))
    precision = arm.T @ solved[:, :-1] + np.eye(arm.shape[1]) / prior.EFFECT.scale**2
    covariance = np.linalg.inv(precision)
    return covariance @ (arm.T @ solved[:, -1]), covariance


def known_but_for_sampling(data, outcome, posterior, *, take):
    """Means and SDs [arm]: the hyperparameters from draws, the arms given them from dense algebra."""
    names = ("sigma", "phi", "period_sd", "block_sd", "weekday_sd")
    flat = {name: posterior[name].to_numpy().ravel() for name in names}
    chosen = np.linspace(0, len(flat["phi"]) - 1, take).astype(int)
    found = [given(data, outcome, **{name: float(flat[name][k]) for name in names}) for k in chosen]
    means = np.array([mean for mean, _ in found])
    variances = np.array([np.diag(covariance) for _, covariance in found])
    return means.mean(axis=0), np.sqrt(variances.mean(axis=0) + means.var(axis=0)), means.std(axis=0)
