"""How often each verdict is given, with looks and without, and how often answers of each certainty come true.

Nights are those of `other_nights`: six blocks of three weeks, the verdict by the rule and priors of today, by the fast
engine. `uv run python tests/helpers/grades.py` writes both studies into `calibration/`, or the one named. How often
each verdict is given is measured for the wakes of `other_counts` too.

What lowers the certainty is written down from sentences. Each happens in three trials of ten, whatever else does:

* not blinded: whoever knows what they took sleeps 10 minutes longer on what they hope for, give or take 10;
* not drawn: the person takes nothing in the week that looks best, or in the one that looks worst;
* few blocks: the trial ends after the third;
* missing: every tenth night is not recorded, and of nights under 340 minutes every second one;
* device: from some night on every night is 20 minutes longer, or shorter;
* peeked: the person looks after every block from the third on and stops at the first verdict of the arm.

Two more come from the nights: a sceptic reads them differently, or the period means do.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace

import count_studies
import numpy as np
from count_studies import FAMILIES
from night_studies import BEYOND, DESIGN, PRIORS, SLEEP, WIDTH, verdicts
from other_counts import OF_COUNTS
from other_nights import (
    ARMS,
    BLOCKS,
    NIGHT,
    NIGHTS,
    OF_NIGHTS,
    PERIOD_NIGHTS,
    drawn_orders,
    on_arms,
)
from paths import KEPT
from scipy import stats

from n1trial.analysis.certainty import CERTAINTIES
from n1trial.inference.inla import ManyFits, fit_many

BLOCK_NIGHTS = ARMS * PERIOD_NIGHTS
LOOKS = (3, 4, 5)
SHARE = 0.3
SCENARIOS = ("ordinary nights", "clustered disasters", "weekly shocks of 40", "correlation .5")
GAINS = {"nothing": 0.0, "+20": BEYOND, "+40": 40.0, "-20": -BEYOND}
RATIOS = {"nothing": 1.0, "× .7": 0.7, "× .5": 0.5, "÷ .7": 1 / 0.7}
REASONS = (
    *("not blinded", "not drawn", "few blocks", "missing", "device", "peeked"),
    *("sceptic", "period means"),
)
SCEPTICAL = replace(PRIORS, effect_sd=10.0)

type Array = np.ndarray


def until(nights: Array, block: int | Array) -> Array:
    """The same nights [trial, night] without those after a block."""
    return np.where(np.broadcast_to(block, len(nights))[:, None] * BLOCK_NIGHTS > NIGHT, nights, np.nan)


def named(fits: ManyFits) -> Array:
    """The verdict of each contrast [trial, arm]."""
    given = verdicts(fits)
    return np.select(list(given.values()), list(given), "can't tell yet")


def fitted(nights: Array, arms: Array, priors=PRIORS) -> ManyFits:
    return fit_many(DESIGN, nights, arm=arms, priors=priors)


def characteristics(scenario: str, trials: int, *, seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """Shares of contrasts with each verdict, by true gain, and whether somebody looked after blocks 3 to 5.

    A look ends the trial where every arm has a verdict. "any" counts trials that announce either arm. A `scenario`
    is one of `OF_NIGHTS` or a family of counts.
    """
    judged, gains, simulate = (
        (_wakes_judged, RATIOS, OF_COUNTS[scenario])
        if scenario in FAMILIES
        else (_nights_judged, GAINS, OF_NIGHTS[scenario])
    )
    found: dict[str, dict[str, dict[str, float]]] = {}
    for number, (gain, value) in enumerate(gains.items()):
        rng = np.random.default_rng([seed, [*OF_NIGHTS, *FAMILIES].index(scenario), number])
        arms = drawn_orders(rng, trials)
        nights, *truth = simulate(rng, arms, np.full((trials, 2), value))
        at_end, inside = judged(nights, arms, *truth)
        with_looks, at_last_look = at_end.copy(), inside.copy()
        running = np.ones(trials, bool)
        for block in LOOKS:
            verdict_of_arm, then_inside = judged(until(nights, block), arms, *truth)
            stops = running & (verdict_of_arm != "can't tell yet").all(axis=1)
            with_looks[stops], at_last_look[stops] = verdict_of_arm[stops], then_inside[stops]
            running &= ~stops
        found[gain] = {
            "no look": shares(at_end, inside),
            "looks": shares(with_looks, at_last_look) | {"stopped early": float(1 - running.mean())},
        }
    return found


def _nights_judged(nights: Array, arms: Array, truth: Array) -> tuple[Array, Array]:
    """Verdicts, and whether intervals hold the truth [trial, arm]."""
    fits = fitted(nights, arms)
    return named(fits), np.abs(fits.mean - truth) <= WIDTH * fits.sd


def _wakes_judged(counts: Array, arms: Array, ratio: Array, reference: Array) -> tuple[Array, Array]:
    """The same of wakes, of which the reference arm has so many a night [trial]."""
    wakes = count_studies.fitted(counts, arms, ratio, reference)
    given = wakes.verdicts()
    inside = (wakes.fits.low <= wakes.change) & (wakes.change <= wakes.fits.high)
    return np.select(list(given.values()), list(given), "can't tell yet"), inside


def shares(verdict_of_arm: Array, inside: Array) -> dict[str, float]:
    names = ("worth it", "worse", "no difference that matters", "no worthwhile gain", "can't tell yet")
    return {
        **{name: float((verdict_of_arm == name).mean()) for name in names},
        "any worth it": float((verdict_of_arm == "worth it").any(axis=1).mean()),
        "any worse": float((verdict_of_arm == "worse").any(axis=1).mean()),
        "covered": float(inside.mean()),
    }


def came_true(verdict_of_arm: Array, truth: Array) -> Array:
    """Whether what a verdict says is so: a gain, a loss, less than a worthwhile change, no worthwhile gain."""
    return np.select(
        [
            verdict_of_arm == "worth it",
            verdict_of_arm == "worse",
            verdict_of_arm == "no difference that matters",
        ],
        [truth > 0, truth < 0, np.abs(truth) < SLEEP.mid],
        truth < SLEEP.mid,
    )


def graded(scenario: str, trials: int, *, seed: int) -> dict[str, dict[str, list[int]]]:
    """Of verdicts of each certainty, and with and without each reason: how many there are, and how many came true."""
    verdict_of_arm, true, reasons = _simulated(scenario, trials, seed)
    given = verdict_of_arm != "can't tell yet"
    steps = np.minimum(reasons.sum(axis=-1), len(CERTAINTIES) - 1)

    def counted(where: Array) -> list[int]:
        return [int((where & given).sum()), int((where & given & true).sum())]

    announced = np.isin(verdict_of_arm, ("worth it", "worse"))
    return {
        "certainty": {name: counted(steps == step) for step, name in enumerate(CERTAINTIES)},
        "announced": {name: counted((steps == step) & announced) for step, name in enumerate(CERTAINTIES)},
        "no": {name: counted((steps == step) & ~announced) for step, name in enumerate(CERTAINTIES)},
        "with": {name: counted(reasons[..., place]) for place, name in enumerate(REASONS)},
        "without": {name: counted(~reasons[..., place]) for place, name in enumerate(REASONS)},
        # One reason alone, against none.
        "alone": {
            name: counted(reasons[..., place] & (reasons.sum(axis=-1) == 1))
            for place, name in enumerate(REASONS)
        },
    }


def _simulated(scenario: str, trials: int, seed: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng([seed, SCENARIOS.index(scenario)])
    happens = {name: rng.random(trials) < SHARE for name in REASONS[:6]}
    effects = PRIORS.effect_sd * rng.standard_normal((trials, 2))
    arms = drawn_orders(rng, trials)
    plain = OF_NIGHTS[scenario](rng, arms, np.zeros((trials, 2)))[0]
    arms = np.where(happens["not drawn"][:, None], _chosen(rng, plain), arms)
    hoped = happens["not blinded"][:, None] * (10 + 10 * rng.standard_normal((trials, 1)))
    nights = plain + on_arms(effects + hoped, arms)
    after = rng.integers(NIGHTS // 4, 3 * NIGHTS // 4, (trials, 1)) <= NIGHT
    nights = nights + 20 * rng.choice([-1, 1], (trials, 1)) * after * happens["device"][:, None]
    gone = rng.random(nights.shape) < np.where(nights < 340, 0.5, 0.1)
    nights = np.where(gone & happens["missing"][:, None], np.nan, nights)
    nights = until(nights, np.where(happens["few blocks"], 3, BLOCKS))
    nights = until(nights, _last_block(nights, arms, happens["peeked"] & ~happens["few blocks"]))
    fits, sceptic = fitted(nights, arms), fitted(nights, arms, SCEPTICAL)
    verdict_of_arm = named(fits)
    turned = np.isin(verdict_of_arm, ("worth it", "worse")) & (
        (fits.above[..., 1] > 0.5) != (sceptic.above[..., 1] > 0.5)
    )
    differs = turned | ((fits.above[..., 2] >= 0.5) != (sceptic.above[..., 2] >= 0.5))
    reasons = np.stack(
        [
            *(np.repeat(happens[name][:, None], 2, axis=1) for name in REASONS[:6]),
            differs,
            _left_out_by_period_means(nights, arms, fits.mean),
        ],
        axis=-1,
    )
    return verdict_of_arm, came_true(verdict_of_arm, effects), reasons


def _chosen(rng: np.random.Generator, plain: Array) -> Array:
    """Arms [trial, night]: nothing in the week of a block that looks best, or worst, as the person is minded."""
    trials = len(plain)
    weeks = plain.reshape(trials, BLOCKS, ARMS, PERIOD_NIGHTS).mean(axis=-1)
    looks = weeks + 30 * rng.standard_normal(weeks.shape)
    nothing = np.argmax(looks * rng.choice([-1, 1], (trials, 1, 1)), axis=-1)
    first = (nothing + rng.integers(1, 3, nothing.shape)) % ARMS
    order = np.full(weeks.shape, 2)
    np.put_along_axis(order, nothing[..., None], 0, axis=-1)
    np.put_along_axis(order, first[..., None], 1, axis=-1)
    return np.repeat(order.reshape(trials, -1), PERIOD_NIGHTS, axis=1)


def _last_block(nights: Array, arms: Array, peeks: Array) -> Array:
    """The block after which each trial ends [trial]: of those who look, the first with a verdict of the first arm."""
    last = np.full(len(nights), BLOCKS)
    for block in LOOKS:
        looking = peeks & (last == BLOCKS)
        verdict_of_arm = named(fitted(until(nights[looking], block), arms[looking]))
        last[np.flatnonzero(looking)[verdict_of_arm[:, 0] != "can't tell yet"]] = block
    return last


def _left_out_by_period_means(nights: Array, arms: Array, estimate: Array) -> Array:
    """Whether the interval of the period means within blocks leaves the estimate out [trial, arm]."""
    trials = len(nights)
    shaped = nights.reshape(trials, BLOCKS, ARMS, PERIOD_NIGHTS)
    counts = np.isfinite(shaped).sum(axis=-1)
    means = np.nansum(shaped, axis=-1) / np.maximum(counts, 1)
    whole = (counts > 0).all(axis=2)
    order = arms[:, ::PERIOD_NIGHTS].reshape(trials, BLOCKS, ARMS)
    by_arm = np.take_along_axis(means, np.argsort(order, axis=-1), axis=-1)
    weight = whole[..., None].astype(float)
    blocks = whole.sum(axis=1)
    within = (by_arm - by_arm.mean(axis=-1, keepdims=True)) * weight
    of_arm = within.sum(axis=1) / np.maximum(blocks, 1)[:, None]
    left = ((within - of_arm[:, None]) * weight) ** 2
    freedom = np.maximum((blocks - 1) * (ARMS - 1), 1)
    error = np.sqrt(left.sum(axis=(1, 2)) / freedom * 2 / np.maximum(blocks, 1))
    margin = stats.t.ppf(0.975, freedom) * error
    contrast = of_arm[:, 1:] - of_arm[:, :1]
    return (np.abs(contrast - estimate) > margin[:, None]) & (blocks >= 2)[:, None]


TRIALS = {**dict.fromkeys(OF_NIGHTS, 2000), **dict.fromkeys(FAMILIES, 500)}
STUDIES: dict[str, tuple[tuple[str, ...], Callable[[str], object]]] = {
    "characteristics": (tuple(TRIALS), lambda scenario: characteristics(scenario, TRIALS[scenario], seed=8)),
    "grades": (SCENARIOS, lambda scenario: graded(scenario, 2500, seed=9)),
}


def kept(study: str):
    """A study as it is kept, by scenario."""
    return json.loads((KEPT / f"{study}.json").read_text())


def shares_true(study: dict[str, dict[str, dict[str, list[int]]]], what: str) -> dict[str, tuple[int, float]]:
    """Verdicts, and the share that came true, of all scenarios together, by the names under `what`."""
    pooled = {}
    for name in next(iter(study.values()))[what]:
        verdicts_given, true = np.sum([of_scenario[what][name] for of_scenario in study.values()], axis=0)
        pooled[name] = int(verdicts_given), float(true / max(verdicts_given, 1))
    return pooled


if __name__ == "__main__":
    for name in sys.argv[1:] or STUDIES:
        scenarios, study = STUDIES[name]
        found = json.dumps(
            {scenario: study(scenario) for scenario in scenarios}, indent=1, ensure_ascii=False
        )
        (KEPT / f"{name}.json").write_text(found + "\n", encoding="utf-8")
