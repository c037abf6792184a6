"""Whole calibrations on the nights of `other_nights`: what the verdicts and intervals are worth, by kind of night.

Effects are drawn from the model's prior, none, and 20 minutes, which is a third beyond the smallest change worth
having. All by the fast engine.
"""

import zlib

import numpy as np
import pandas as pd
from other_nights import (
    ARMS,
    NIGHT,
    NIGHTS,
    OF_BAD_NIGHTS,
    OF_NIGHTS,
    OF_SLOW_EFFECTS,
    PERIOD_NIGHTS,
    drawn_orders,
)
from scipy import stats

from n1trial.design.outcomes import OUTCOMES
from n1trial.design.protocol import RULE_TODAY
from n1trial.design.verdict import INTERVAL, NightsAlone, verdicts_met
from n1trial.inference.inla import ManyFits, Priors, design_of, fit_many

SLEEP = OUTCOMES["tst_min"]
NAMES = ("none", "first", "second")
PRIORS = Priors()
WIDTH = stats.norm.ppf((1 + INTERVAL) / 2)
BEYOND = SLEEP.mid * 4 / 3
SLOW = 40.0
CELLS = (*OF_NIGHTS, *OF_BAD_NIGHTS, *OF_SLOW_EFFECTS)
LEAST_OF_BAD_NIGHTS = dict(zip(OF_BAD_NIGHTS, (0.92, 0.87), strict=True))


def _design():
    table = pd.DataFrame(
        {
            "day": NIGHT,
            "period": NIGHT // PERIOD_NIGHTS,
            "block": NIGHT // (ARMS * PERIOD_NIGHTS),
            "night": pd.Timestamp("2026-01-05") + pd.to_timedelta(NIGHT, unit="D"),
            "arm": np.array(NAMES)[NIGHT // PERIOD_NIGHTS % ARMS],
        }
    )
    return design_of(table, NAMES, planned_days=NIGHTS - 1)


DESIGN = _design()


def gates(cell: str) -> tuple[dict[str, float], dict[str, float]]:
    """What each share of a cell must at least, and may at most be."""
    if cell in OF_NIGHTS:
        least = {"covered": 0.93, "9 in 10 true": 0.86}
        return least, {"false worth it": 0.05, "false worse": 0.05, "no at +20": 0.07}
    if cell in OF_BAD_NIGHTS:
        least = {"covered": LEAST_OF_BAD_NIGHTS[cell], "covered, other arm": 0.93}
        return least, {"no": 0.07, "worth it, other arm": 0.05, "worse, other arm": 0.05}
    return {"covered": 0.93}, {}


def outside(
    shares: dict[str, float], limits: tuple[dict[str, float], dict[str, float]], trials: int
) -> dict[str, float]:
    """Shares outside their gates; of fewer than 4,000 trials each may miss its gate by 2.3 standard errors."""
    least, most = limits

    def by_chance(share: float) -> float:
        return 0.0 if trials >= 4000 else 2.3 * (share * (1 - share) / trials) ** 0.5

    return {name: shares[name] for name, gate in least.items() if shares[name] < gate - by_chance(gate)} | {
        name: shares[name] for name, gate in most.items() if shares[name] > gate + by_chance(gate)
    }


def measured(cell: str, trials: int) -> dict[str, float]:
    """Shares of contrasts or trials of one cell, by name."""
    if cell in OF_NIGHTS:
        return _of_nights(cell, trials)
    return _of_bad_nights(cell, trials) if cell in OF_BAD_NIGHTS else _of_slow_effects(cell, trials)


def verdicts(fits: ManyFits) -> dict[str, np.ndarray]:
    """Whether each verdict is given [trial, arm], the first that fits."""
    alone = NightsAlone.of(fits.mean, fits.sd, prior_sd=PRIORS.effect_sd, mid=SLEEP.mid)
    return first_that_fits(verdicts_met(fits.chances(sign=1), alone=alone, rule=RULE_TODAY))


def first_that_fits(met: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Verdicts whose rules are met, without those that come after another."""
    open_still = np.ones_like(next(iter(met.values())))
    given = {}
    for verdict, holds in met.items():
        given[verdict] = holds & open_still
        open_still = open_still & ~holds
    return given


def said_no(given: dict[str, np.ndarray]) -> np.ndarray:
    """Whether either "no" verdict is given [trial, arm]."""
    return given["no difference that matters"] | given["no worthwhile gain"]


def _fitted(name, simulate, effects, seed) -> tuple[ManyFits, np.ndarray]:
    rng = np.random.default_rng([zlib.crc32(name.encode()), seed])
    arms = drawn_orders(rng, len(effects))
    nights, truth = simulate(rng, arms, effects)
    return fit_many(DESIGN, nights, arm=arms, priors=PRIORS), truth


def _inside(fits: ManyFits, truth: np.ndarray) -> np.ndarray:
    return np.abs(fits.mean - truth) <= WIDTH * fits.sd


def _of_nights(cell: str, trials: int) -> dict[str, float]:
    simulate = OF_NIGHTS[cell]
    drawn = PRIORS.effect_sd * np.random.default_rng(19).standard_normal((trials, 2))
    of_prior, truth = _fitted(cell, simulate, drawn, 1)
    nothing, _ = _fitted(cell, simulate, np.zeros((trials, 2)), 2)
    beyond, of_beyond = _fitted(cell, simulate, np.full((trials, 2), BEYOND), 3)
    chance = of_prior.above[..., 1]
    nine, one = (chance > 0.85) & (chance < 0.95), (chance > 0.05) & (chance < 0.15)
    without, having = verdicts(nothing), verdicts(beyond)
    large = of_beyond >= SLEEP.mid
    return {
        "covered": float(_inside(of_prior, truth).mean()),
        "false worth it": float(without["worth it"].any(axis=1).mean()),
        "false worse": float(without["worse"].any(axis=1).mean()),
        "no at +20": float(said_no(having)[large].mean()) if large.any() else 0.0,
        "9 in 10 true": float(np.concatenate([truth[nine] > 0, truth[one] < 0]).mean()),
        "+20 seen": float(having["worth it"].mean()),
    }


def _of_bad_nights(cell: str, trials: int) -> dict[str, float]:
    """The first arm prevents bad nights, the other does nothing."""
    fits, truth = _fitted(cell, OF_BAD_NIGHTS[cell], np.zeros((trials, 2)), 1)
    given, inside = verdicts(fits), _inside(fits, truth)
    return {
        "covered": float(inside[:, 0].mean()),
        "covered, other arm": float(inside[:, 1].mean()),
        "mean": float(fits.mean[:, 0].mean()),
        "worth it": float(given["worth it"][:, 0].mean()),
        "no": float(said_no(given)[:, 0].mean()),
        "worth it, other arm": float(given["worth it"][:, 1].mean()),
        "worse, other arm": float(given["worse"][:, 1].mean()),
    }


def _of_slow_effects(cell: str, trials: int) -> dict[str, float]:
    fits, truth = _fitted(cell, OF_SLOW_EFFECTS[cell], np.full((trials, 2), SLOW), 1)
    return {"covered": float(_inside(fits, truth).mean()), "shown by periods, min": float(truth.mean())}
