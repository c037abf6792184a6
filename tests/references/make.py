"""Posteriors by another sampler: NUTS in NumPyro, the models written again from their formulas.

    uv run --no-project --with numpyro --with pandas python tests/references/make.py

Needs nothing of n1trial; writes `posteriors.json`. Names may be given to make only some.
"""

import json
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pandas as pd
from jax.scipy.special import gammaln
from nights import CASES, fingerprint, nights_of
from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
from numpyro.infer import MCMC, NUTS, init_to_median, init_to_uniform
from scipy.special import ndtr

POSTERIORS = Path(__file__).parent / "posteriors.json"
CHAINS, DRAWS, WARM_UP = 50, 2000, 500
# Smaller steps where 0.9 left some twenty divergences.
TARGET_ACCEPT = {"poisson_percent": 0.98}
# From wide random starts a few of these chains never left where they began (R-hat 9).
BEGIN_AT_THE_PRIOR = {"awakenings_equal_sleep"}
MINUTES = {"trend": 20, "run_in": 75, "caffeine": 15, "weekday": 30, "period": 60}
LOGS = {"trend": 0.15, "run_in": 0.5, "caffeine": 0.15, "weekday": 0.1, "period": 0.4, "block": 0.5}


def zero_sum_basis(size):
    """Orthonormal columns that each add up to 0: standard normals on them are a zero-sum normal."""
    basis = np.zeros((size, size - 1))
    for k in range(1, size):
        basis[:k, k - 1] = 1.0
        basis[k, k - 1] = -k
        basis[:, k - 1] /= np.sqrt(k * (k + 1))
    return basis


def what_enters(case):
    """The nights that have a value; columns are centred over those of the contrast, the run-in apart."""
    planned = nights_of(case)
    nights = planned[planned[case.outcome].notna()]
    run_in = (nights["left_out"] == "run-in").to_numpy()

    def centred(column):
        return column - column[~run_in].mean(axis=0)

    taken = np.column_stack([(nights["arm"] == name).to_numpy() & ~run_in for name in case.arms[1:]])
    day = nights["day"].to_numpy()
    weekday = np.equal.outer(nights["night"].dt.day_of_week.to_numpy(), np.arange(7)).astype(float)
    data = {
        "y": nights[case.outcome].to_numpy(),
        "in_contrast": ~run_in,
        "taken": taken.astype(float),
        "arm": centred(taken.astype(float)),
        "trend": centred(day / planned["day"].max()),
        "gap": np.diff(day),
        "weekday": centred(weekday) @ zero_sum_basis(7),
        "run_in": run_in.astype(float) if case.run_in else None,
        "log_sleep": centred(np.log(nights["tst_min"].to_numpy())) if case.equal_sleep else 0.0,
        "caffeine": None,
    }
    if case.caffeine:
        known = nights["caffeine_mg"].to_numpy()
        usual = known[~run_in & ~np.isnan(known)]
        data["caffeine"] = np.nan_to_num((known - usual.mean()) / usual.std())
    for name in ("period", "block"):
        of_night = nights[name].to_numpy()[:, None] == np.unique(nights[name].to_numpy()[~run_in])
        data[name] = (of_night & ~run_in[:, None]).astype(float)
    # Blocks add up to zero around the level.
    data["block"] = centred(data["block"] @ zero_sum_basis(data["block"].shape[1]))
    if case.period_nights == 1:
        data["period"] = None
    return data


def slow_changes(data, scales):
    """What is neither level nor arm, added up [night]; `scales` of the priors by name."""
    total = 0.0
    of_each = numpyro.sample("_block", dist.Normal().expand([data["block"].shape[1]]).to_event(1))
    total += scales["block"] * (data["block"] @ of_each)
    for name in ("trend", "run_in", "caffeine"):
        if data[name] is not None:
            total += numpyro.sample(name, dist.Normal(0, scales[name])) * data[name]
    for name in ("weekday", "period"):
        if data[name] is not None:
            sd = numpyro.sample(f"{name}_sd", dist.HalfNormal(scales[name]))
            of_each = numpyro.sample(f"_{name}", dist.Normal().expand([data[name].shape[1]]).to_event(1))
            total += sd * (data[name] @ of_each)
    return total


def sleep(data, heavy):
    level = numpyro.sample("level", dist.Normal(420, 75))
    sigma = numpyro.sample("sigma", dist.LogNormal(np.log(60), 0.4))
    effect = numpyro.sample("effect", dist.Normal(0, 25).expand([data["arm"].shape[1]]).to_event(1))
    mean = level + data["arm"] @ effect + slow_changes(data, MINUTES | {"block": 1.25 * sigma})
    phi = numpyro.sample("phi", dist.TruncatedNormal(0, 0.2, low=-0.9, high=0.9))
    fade = sum((data["gap"] == gap) * phi ** int(gap) for gap in np.unique(data["gap"]))
    still = sigma / jnp.sqrt(1 - phi**2)
    # The first night has no night before it.
    middle = jnp.concatenate([mean[:1], mean[1:] + fade * (data["y"][:-1] - mean[:-1])])
    spread = still * jnp.concatenate([jnp.ones(1), jnp.sqrt(1 - fade**2)])
    if heavy:
        nu = numpyro.deterministic("nu", 2 + numpyro.sample("_nu_minus_2", dist.Gamma(2, 0.1)))
        numpyro.sample("nights", dist.StudentT(nu, middle, spread), obs=data["y"])
    else:
        numpyro.sample("nights", dist.Normal(middle, spread), obs=data["y"])


def ratio_sd(share):
    """Prior SD of a log ratio: .5, or wider up to 1.5 so that a change by less than `share` has a chance of a half."""
    wide = np.linspace(0.5, 1.5, 100_001)
    fall = -np.log1p(-share) if share < 1 else np.inf
    ends = [ndtr(np.log1p(share) / sd) - ndtr(-fall / sd) for sd in (wide[0], wide[-1])]
    if ends[0] <= 0.5:
        return wide[0]
    if ends[1] > 0.5:
        return wide[-1]
    return wide[np.argmax(ndtr(np.log1p(share) / wide) - ndtr(-fall / wide) <= 0.5)]


def counts(data, likelihood, percent):
    usual = data["y"][data["in_contrast"]].mean()
    level = numpyro.sample("level", dist.Normal(np.log(usual), 0.5))
    # Half a wake, or a tenth of many short ones, is the least change worth having.
    sd = ratio_sd(0.1 if percent else 0.5 / usual)
    delta = numpyro.sample("delta", dist.Normal(0, sd).expand([data["arm"].shape[1]]).to_event(1))
    kappa = numpyro.sample("kappa", dist.Normal(0.8, 0.35))
    log_rate = level + data["arm"] @ delta + kappa * data["log_sleep"] + slow_changes(data, LOGS)
    likelihood(data["y"], log_rate, usual)
    on_reference = jnp.exp(log_rate - data["taken"] @ delta)[data["in_contrast"]].mean()
    numpyro.deterministic("effect", (100 if percent else on_reference) * (jnp.exp(delta) - 1))


def less_or_more_than_chance(count, log_rate, usual):
    omega = numpyro.sample("omega", dist.TruncatedNormal(0, 0.35, low=-0.5, high=0.9))
    theta = jnp.exp(log_rate) * (1 - omega)
    inner = theta + omega * count
    # Below 0.1 the logarithm is continued by its tangent: log 0.1 + (x - 0.1) / 0.1.
    log_inner = jnp.where(inner < 0.1, np.log(0.1) + inner / 0.1 - 1, jnp.log(jnp.maximum(inner, 0.1)))
    less = jnp.log(theta) + (count - 1) * log_inner - inner - gammaln(count + 1)
    # At the usual count the variance is 1 / (1 - ω)² means. The Γ function of each count is taken once: nearly all of
    # the time went there.
    shape = usual / jnp.maximum(1 / (1 - omega) ** 2 - 1, 1e-4)
    counts_seen, place = np.unique(count, return_inverse=True)
    orders = gammaln(counts_seen + shape)[place] - gammaln(shape) - gammaln(count + 1)
    log_all = jnp.log(shape + jnp.exp(log_rate))
    more = orders + shape * (jnp.log(shape) - log_all) + count * (log_rate - log_all)
    numpyro.factor("nights", jnp.where(omega < 0, less, more))


def poisson(count, log_rate, usual):
    numpyro.sample("nights", dist.Poisson(jnp.exp(log_rate)), obs=count)


def negative_binomial(count, log_rate, usual):
    shape = numpyro.sample("shape", dist.LogNormal(np.log(10), 1))
    numpyro.sample("nights", dist.NegativeBinomial2(jnp.exp(log_rate), shape), obs=count)


COUNTS = {"awakenings": less_or_more_than_chance, "poisson": poisson, "negative_binomial": negative_binomial}


def model_of(case):
    if case.model in COUNTS:
        return lambda data: counts(data, COUNTS[case.model], case.outcome == "wake_episodes_all")
    return lambda data: sleep(data, heavy=case.model == "typical_night")


def summary(draws):
    """Figures of one parameter, from draws [chain, draw]."""
    squared = (draws - draws.mean()) ** 2
    ess, sd = float(effective_sample_size(draws)), float(draws.std())
    figures = {
        "mean": float(draws.mean()),
        "sd": sd,
        "mcse_mean": sd / np.sqrt(ess),
        "mcse_sd": float(squared.std() / np.sqrt(effective_sample_size(squared)) / (2 * sd)),
        "r_hat": float(split_gelman_rubin(draws)),
        "ess": ess,
    }
    return {name: float(f"{value:.6g}") for name, value in figures.items()}


def posterior(case, target_accept, begin):
    """Sample one case and sum it up: parameter (effects by arm) to figures."""
    sampler = MCMC(
        NUTS(model_of(case), target_accept_prob=target_accept, init_strategy=begin),
        num_warmup=WARM_UP,
        num_samples=DRAWS,
        num_chains=CHAINS,
        chain_method="vectorized",
        progress_bar=False,
    )
    sampler.run(jax.random.PRNGKey(case.seed), what_enters(case), extra_fields=("diverging",))
    parameters = {}
    for name, drawn in sampler.get_samples(group_by_chain=True).items():
        draws = np.asarray(drawn)
        if name.startswith("_"):
            continue
        if draws.ndim == 2:
            parameters[name] = summary(draws)
        else:
            for k, arm in enumerate(case.arms[1:]):
                parameters[f"{name}[{arm}]"] = summary(draws[:, :, k])
    return {
        "made_by": f"NumPyro {numpyro.__version__} on JAX {jax.__version__}",
        "nights_sha256": fingerprint(nights_of(case)),
        "chains": CHAINS,
        "draws": CHAINS * DRAWS,
        "divergences": int(sampler.get_extra_fields()["diverging"].sum()),
        "parameters": dict(sorted(parameters.items())),
    }


def main():
    numpyro.enable_x64()
    made = json.loads(POSTERIORS.read_text(encoding="utf-8")) if POSTERIORS.exists() else {}
    for name in sys.argv[1:] or CASES:
        started = time.perf_counter()
        begin = init_to_median if name in BEGIN_AT_THE_PRIOR else init_to_uniform
        found = made[name] = posterior(CASES[name], TARGET_ACCEPT.get(name, 0.9), begin)
        ordered = {each: made[each] for each in CASES if each in made}
        POSTERIORS.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
        figures = pd.DataFrame(found["parameters"]).T
        print(
            f"{name}: {time.perf_counter() - started:.0f} s, R-hat {figures['r_hat'].max():.4f},"
            f" ESS {figures['ess'].min():.0f}, {found['divergences']} divergences",
            flush=True,
        )


if __name__ == "__main__":
    main()
