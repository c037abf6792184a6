"""The Gaussian twin of the sleep-time model written again, in PyMC and in dense algebra, to compare with."""

import warnings

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt

from n1trial.models import duration
from n1trial.models._columns import columns_of, slow_terms


def twin(data, outcome):
    """`models.duration` for minutes of sleep with a Gaussian where it has a Student t."""
    columns = columns_of(data, outcome)
    with pm.Model(coords=columns.coords) as model:
        y = pm.Data("y", columns.y)
        level = pm.Normal("level", duration.LEVEL_MEAN, duration.LEVEL_SD)
        effect = pm.Normal("effect", 0.0, duration.EFFECT_SD, dims="contrast")
        mean = level + pm.Data("arm_column", columns.arm) @ effect
        mean = mean + slow_terms(
            columns,
            period_sd=duration.PERIOD_SD,
            block_sd=duration.BLOCK_SD,
            weekday_sd=duration.WEEKDAY_SD,
            trend_sd=duration.TREND_SD,
        )
        sigma = pm.LogNormal("sigma", np.log(duration.NIGHT_SD), duration.NIGHT_LOG_SD)
        limit = duration.PHI_LIMIT
        phi = pm.TruncatedNormal("phi", 0.0, duration.PHI_SD, lower=-limit, upper=limit)
        fade = phi ** pm.Data("gap", columns.gap)[1:]
        residual = y - mean
        stationary = 1.0 / (1.0 - phi**2)
        variance = pt.concatenate([[stationary], (1.0 - fade**2) * stationary])
        expected = mean + pt.concatenate([[0.0], fade * residual[:-1]])
        pm.Normal("nights", expected, sigma * pt.sqrt(variance), observed=y)
    return model


class Sampler:
    """Samples the twin of one trial after another; compiled again only where the shapes differ."""

    def __init__(self, outcome):
        self.outcome, self.compiled = outcome, {}

    def draws(self, data, *, draws, seed=1):
        """Posterior of the twin as an xarray Dataset."""
        model = twin(data, self.outcome)
        values = {variable.name: variable.get_value() for variable in model.data_vars}
        shapes = tuple((name, tuple(model.coords[name])) for name in model.coords)
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
    nights = len(columns.y)
    day = np.cumsum(np.concatenate([[0], columns.gap[1:]]))
    errors = (
        sigma**2
        / (1 - phi**2)
        * np.sign(phi) ** np.abs(day[:, None] - day)
        * np.abs(phi) ** np.abs(day[:, None] - day)
    )
    of_period = np.equal.outer(columns.period_idx, columns.period_idx)
    of_block = np.equal.outer(columns.block_idx, columns.block_idx)
    errors = errors + duration.LEVEL_SD**2 * np.ones((nights, nights))
    errors = errors + duration.TREND_SD**2 * np.outer(columns.trend, columns.trend)
    errors = errors + period_sd**2 * of_period + block_sd**2 * of_block
    zero_sum = np.eye(7) - 1 / 7
    errors = errors + weekday_sd**2 * columns.weekday @ zero_sum @ columns.weekday.T
    solved = np.linalg.solve(errors, np.column_stack([columns.arm, columns.y - duration.LEVEL_MEAN]))
    precision = columns.arm.T @ solved[:, :-1] + np.eye(columns.arm.shape[1]) / duration.EFFECT_SD**2
    covariance = np.linalg.inv(precision)
    return covariance @ (columns.arm.T @ solved[:, -1]), covariance


def known_but_for_sampling(data, outcome, posterior, *, take):
    """Means and SDs [arm]: the hyperparameters from draws, the arms given them from dense algebra."""
    names = ("sigma", "phi", "period_sd", "block_sd", "weekday_sd")
    flat = {name: posterior[name].to_numpy().ravel() for name in names}
    chosen = np.linspace(0, len(flat["phi"]) - 1, take).astype(int)
    found = [given(data, outcome, **{name: float(flat[name][k]) for name in names}) for k in chosen]
    means = np.array([mean for mean, _ in found])
    variances = np.array([np.diag(covariance) for _, covariance in found])
    return means.mean(axis=0), np.sqrt(variances.mean(axis=0) + means.var(axis=0)), means.std(axis=0)
