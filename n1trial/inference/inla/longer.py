"""Posterior SDs if the same trial went on for longer."""

from dataclasses import replace

import numpy as np

from n1trial.inference.inla.design import Design
from n1trial.inference.inla.gaussian import FastFit, fit_design, fit_many
from n1trial.inference.inla.priors import Priors
from n1trial.inference.night_process import autoregressive
from n1trial.system.arrays import Array, Codes
from n1trial.system.random_streams import stream

CONTINUATIONS = 12
COARSE_POINTS = (2, 5, 2)
REPEATED = (2, 3, 4, 6, 9, 14, 20, 30, 45, 70)
SEED = 20


def longer_sds(
    design: Design, y: Array, *, along: Array, priors: Priors, most_nights: int
) -> tuple[Codes, Array]:
    """Posterior SDs of contrasts if the trial were repeated once, twice, and so on.

    Repeats have the trial's own order of arms and its gaps, and follow the nights so far. Their variance components are
    posterior means; they are simulated `CONTINUATIONS` times, since an SD depends only little on the nights.

    Parameters
    ----------
    y : [night]
        The nights so far.
    along : [contrast, arm]
        Weights on the arms but the reference.
    most_nights
        The longest trial of interest; the first that is as long is the last.

    Returns
    -------
    Nights in all [length], those so far first, and SDs [length, contrast].
    """
    fit = fit_design(design, y, priors=priors)
    lengths, sds = [design.nights], [np.sqrt(np.einsum("ca,ab,cb->c", along, fit.covariance, along))]
    rng = stream(SEED)
    for times in REPEATED:
        longer = repeated(design, times)
        nights = np.tile(_expected(longer, fit) + y[design.analysed].mean(), (CONTINUATIONS, 1))
        nights += _scatter(longer, fit, rng)
        nights[:, : len(y)] = y
        refitted = fit_many(longer, nights, contrasts=along, priors=priors, points=COARSE_POINTS)
        lengths.append(longer.nights)
        sds.append(np.sqrt((refitted.sd**2).mean(axis=0)))
        if lengths[-1] >= most_nights:
            break
    return np.array(lengths), np.array(sds)


def repeated(design: Design, times: int) -> Design:
    """The nights of the trial `times` times, each time a whole number of weeks later; the run-in once."""
    trial = np.flatnonzero(design.analysed)
    first, last = design.day[trial[0]], design.day[trial[-1]]
    weeks = -(-(int(last - first) + 1) // 7)
    nights = np.concatenate([np.arange(len(design.day)), np.tile(trial, times - 1)])
    turn = np.concatenate([np.zeros(len(design.day)), np.repeat(np.arange(1, times), len(trial))])
    turn = turn.astype(np.int64)
    day = design.day[nights] + 7 * weeks * turn
    dense = design.dense[nights]
    dense[:, 0] = (day - day[0]) / max(1, day[-1] - day[0]) - 0.5
    return replace(
        design,
        day=day,
        arm=design.arm[nights],
        period=_numbered_on(design.period, nights, turn),
        block=_numbered_on(design.block, nights, turn),
        weekday=design.weekday[nights],
        analysed=design.analysed[nights],
        dense=dense,
    )


def _numbered_on(codes: Codes, nights: Codes, turn: Codes) -> Codes:
    """Codes that count on from repeat to repeat; a term that the trial does not have stays absent."""
    number = int(codes.max()) + 1
    return codes[nights] + number * turn if number > 1 else codes[nights]


def _expected(design: Design, fit: FastFit) -> Array:
    effects = np.concatenate([[0.0], fit.mean])[design.arm]
    return np.asarray(effects - effects.mean())


def _scatter(design: Design, fit: FastFit, rng: np.random.Generator) -> Array:
    """Simulated nights around their mean [continuation, night], at the posterior means of every SD and φ."""
    sigma, phi, *sds = fit.weights @ fit.spread
    days = int(design.day[-1] - design.day[0]) + 1
    shocks = rng.standard_normal((CONTINUATIONS, days))
    shocks[:, 0] /= np.sqrt(1 - phi**2)
    chance = sigma * autoregressive(shocks, phi)[:, design.day - design.day[0]]
    for sd, codes in zip(sds, (design.period, np.maximum(design.weekday, 0)), strict=True):
        chance += sd * rng.standard_normal((CONTINUATIONS, int(codes.max()) + 1))[:, codes]
    return np.asarray(chance)
