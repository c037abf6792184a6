"""Nights of one simulated person on one schedule."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from n1trial.design.schedule import Schedule
from n1trial.inference.build_up import exposure
from n1trial.inference.night_process import autoregressive, drift_root, generalised_poisson, stationary
from n1trial.planning.simulate.parameters import Truth
from n1trial.system.random_streams import stream

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

LEAST_MIN, MOST_MIN = 30, 780
USUAL_START_MIN = 23 * 60 + 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedTrial:
    """A simulated trial with its known effects.

    Attributes
    ----------
    table : one row per planned night
        Schedule: `night`, `phase`, `block`, `period`, `arm`. Behaviour: `taken` (never in the run-in), `taken_at` and
        `start` (wall clock), `caffeine_mg`. Truth: `exposure` to the night's own arm (0 to 1), `effect_min` (of all
        arms, carry-over included), `expected_min` (sleep time without the nightly residual), `sleep_min`,
        `expected_episodes`. Record: `present`, `partial`, `tst_min` and `wake_episodes` (NaN where not present),
        `tst_full_min` (with every night present and whole). Diary: `guess` and `confidence`.
    effects_min
        This person's effects in minutes, by arm.
    truth
        The parameters of the simulation.
    seed
        Of all random numbers.
    """

    table: pd.DataFrame
    effects_min: Mapping[str, float]
    truth: Truth
    seed: int

    def rng(self, *key: int) -> np.random.Generator:
        """A reproducible, independent random generator for each key."""
        return stream(self.seed, *key)


def simulate_nights(schedule: Schedule, truth: Truth, seed: int) -> SimulatedTrial:
    """Simulate every night of a schedule, with known effects of the arms.

    Each part of the model has its own random generator: a truth that differs in one parameter gives the same person
    with only that changed. The formula is that of `Truth`.

    Parameters
    ----------
    schedule : Schedule
        The planned nights and their arms.
    truth : Truth
        Effects, variability, behaviour and recording.
    seed : int
        Seed, 0 or more. Another seed is another person.

    Returns
    -------
    SimulatedTrial
        The nights, and the person's own effects.

    Raises
    ------
    ScheduleError
        The truth names an arm that the schedule lacks, or is out of range.

    Examples
    --------
    `QUIET` has no variation, so arms differ by exactly their effects.

    >>> from dataclasses import replace
    >>> from datetime import date
    >>> from n1trial import randomise, read_protocol, simulate_nights
    >>> from n1trial.planning.simulate import QUIET
    >>> protocol = read_protocol("glycine-vs-magnesium-glycinate")
    >>> schedule = randomise(protocol, start=date(2026, 1, 5), seed="00" * 32)
    >>> trial = simulate_nights(schedule, replace(QUIET, effects_min={"glycine": 20.0}), seed=1)
    >>> in_trial = trial.table[trial.table["phase"] == "trial"]
    >>> in_trial.groupby("arm")["tst_min"].mean().to_dict()
    {'glycine': 440.0, 'magnesium-glycinate': 420.0, 'none': 420.0}
    """
    plan = schedule.table
    arms = tuple(sorted(set(plan["arm"])))
    truth.check(arms)
    nights = len(plan)
    evening = plan["night"].to_numpy().astype("datetime64[s]")
    days = (evening - evening[0]) // np.timedelta64(1, "D")
    in_trial = (plan["phase"] == "trial").to_numpy()
    streams = _streams(seed)
    person, doses, clock = next(streams), next(streams), next(streams)
    effects = {
        arm: truth.effects_min[arm] + truth.effects_between_people_sd * shift
        for arm, shift in zip(truth.effects_min, person.standard_normal(len(truth.effects_min)), strict=True)
    }
    taken = in_trial & (doses.random(nights) >= truth.missed_share)
    arm_idx = pd.Categorical(plan["arm"], categories=arms).codes.astype(np.int64)
    exposures = np.column_stack(
        [
            exposure(((arm_idx == k) & taken).astype(float), truth.half_life_nights.get(arm, 0.0))
            for k, arm in enumerate(arms)
        ]
    )
    effect = exposures @ [effects.get(arm, 0.0) for arm in arms]

    free_night = np.isin(plan["night"].dt.day_of_week.to_numpy(), (4, 5))
    free_night_min = truth.free_night_min + truth.free_night_sd * next(streams).standard_normal()
    period = plan["period"].to_numpy()
    period_shift = next(streams).standard_normal(int(period.max()) + 1)[period]
    drift = _drift(next(streams), days, truth.drift_length_nights)
    quiet = truth.mean_min + effect + free_night_min * free_night + truth.drift_sd * drift
    caffeine, expected, sleep = _days(
        next(streams), truth, quiet + truth.period_sd * period_shift, _residual(next(streams), nights, truth)
    )

    wakes = next(streams)
    log_rate = (
        math.log(truth.wakes_mean)
        + exposures @ [truth.log_rate_effects.get(arm, 0.0) for arm in arms]
        + truth.wakes_sleep_exponent * np.log(sleep / 420)
        + truth.wakes_drift_sd * _drift(wakes, days, truth.drift_length_nights)
    )
    episodes = generalised_poisson(np.exp(log_rate), truth.wakes_omega, wakes).astype(np.int64)

    recorder = next(streams)
    measured = (
        truth.device_offset_min
        + truth.device_slope * sleep
        + truth.device_sd * recorder.standard_normal(nights)
    )
    full = np.clip(np.round(measured), LEAST_MIN, MOST_MIN)
    kept_share = np.where(
        recorder.random(nights) < truth.partial_share, recorder.uniform(0.2, 0.6, nights), 1.0
    )
    recorded = np.maximum(np.round(full * kept_share), LEAST_MIN)
    # Between two wake episodes is a minute of sleep, and the record ends before the next evening
    most_episodes = np.minimum(recorded - 1, (1080 - recorded) // 8)
    counted = np.minimum(recorder.binomial(episodes, kept_share), most_episodes)
    present = ~_missing(next(streams), sleep, truth)
    start = np.clip(
        USUAL_START_MIN + 45 * free_night + 35 * clock.standard_normal(nights), 20.5 * 60, 25.5 * 60
    )
    bedtime = evening + (np.round(start * 2) * 30).astype("timedelta64[s]")
    felt = np.abs(effect) >= truth.felt_min
    guess, confidence = _guessed_arms(next(streams), arm_idx, arms, felt, truth.unblinding)
    guess[~in_trial] = None
    drawn = pd.DataFrame(
        {
            "taken": taken,
            "taken_at": bedtime - clock.integers(30, 61, nights).astype("timedelta64[m]"),
            "start": bedtime,
            "caffeine_mg": caffeine,
            "exposure": exposures[np.arange(nights), arm_idx],
            "effect_min": effect,
            "expected_min": expected,
            "sleep_min": sleep,
            "expected_episodes": np.exp(log_rate),
            "present": present,
            "partial": kept_share < 1,
            "tst_full_min": full,
            "tst_min": np.where(present, recorded, np.nan),
            "wake_episodes": np.where(present, counted, np.nan),
            "guess": guess,
            "confidence": np.where(in_trial, confidence, np.nan),
        },
        index=plan.index,
    )
    table = pd.concat([plan[["night", "phase", "block", "period", "arm"]], drawn], axis=1)
    return SimulatedTrial(table=table, effects_min=effects, truth=truth, seed=seed)


def _streams(seed: int) -> Iterator[np.random.Generator]:
    for child in np.random.SeedSequence(seed).spawn(16):
        yield np.random.default_rng(child)


def _residual(rng: np.random.Generator, nights: int, truth: Truth) -> Floats:
    """AR(1) with marginal SD `residual_sd` on every night."""
    shocks = rng.standard_normal(nights)
    if truth.tail_nu is not None:
        # Scaled to SD 1: the SD of a t distribution is the root of nu / (nu - 2)
        shocks *= np.sqrt((truth.tail_nu - 2) / rng.chisquare(truth.tail_nu, nights))
    return autoregressive(truth.residual_sd * stationary(shocks, truth.phi), truth.phi)


def _drift(rng: np.random.Generator, days: Integers, length: float) -> Floats:
    """A slow curve of SD 1."""
    span = int(days.max()) + 1
    curve: Floats = drift_root(span, length) @ rng.standard_normal(span)
    return curve[days]


def _days(
    rng: np.random.Generator, truth: Truth, quiet: Floats, residual: Floats
) -> tuple[Floats, Floats, Floats]:
    """Caffeine in mg, expected and actual minutes of sleep, day by day: caffeine is likelier after a short night."""
    ratio = truth.caffeine_after_short
    after_short = 2 * truth.caffeine_share * ratio / (1 + ratio)
    after_long = 2 * truth.caffeine_share / (1 + ratio)
    draws, doses = rng.random(len(quiet)), np.where(rng.random(len(quiet)) < 0.7, 100.0, 200.0)
    caffeine = np.zeros(len(quiet))
    expected = quiet.copy()
    chance = truth.caffeine_share
    for night, draw in enumerate(draws):
        if draw < chance:
            caffeine[night] = doses[night]
            expected[night] += truth.caffeine_min_per_100mg * doses[night] / 100
        short = expected[night] + residual[night] < truth.mean_min
        chance = after_short if short else after_long
    return caffeine, expected, np.clip(expected + residual, LEAST_MIN, MOST_MIN)


def _missing(rng: np.random.Generator, sleep: Floats, truth: Truth) -> Bools:
    """Missing nights: single ones, likelier where sleep was short if the truth says so, and bursts of 3 to 7."""
    weight = np.where(sleep < 300, truth.missing_short_factor, 1.0)
    missing = rng.random(len(sleep)) < truth.missing_share * weight / max(weight.mean(), 1e-12)
    bursts = rng.poisson(truth.missing_bursts * len(sleep) / 100)
    for first, length in zip(rng.integers(len(sleep), size=bursts), rng.integers(3, 8, bursts), strict=True):
        missing[first : first + length] = True
    return np.asarray(missing)


def _guessed_arms(
    rng: np.random.Generator, arm_idx: Integers, arms: tuple[str, ...], felt: Bools, unblinding: float
) -> tuple[NDArray[np.object_], Floats]:
    """Each morning's guess at the arm, and how sure the person is (0 to 10)."""
    right = rng.random(len(felt)) < 1 / len(arms) + unblinding * felt
    wrong = (arm_idx + rng.integers(1, max(len(arms), 2), len(felt))) % len(arms)
    confidence = np.round(rng.normal(np.where(felt, 6, 3), 1.5)).clip(0, 10) + 0.0
    return np.array(arms, dtype=object)[np.where(right, arm_idx, wrong)], confidence
