"""The parameters of a simulated trial: sleep, effects, behaviour and recording."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from n1trial.errors import ScheduleError


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Parameters of a simulated trial; the defaults are an ordinary adult with a wearable and no effect.

    Sleep time of night t, in minutes, with the arms k and the exposures X::

        mean_min + Σ_k effects_min[k]·X[k,t] + weekday + drift + period + caffeine + residual
        X[k,t] = ρ·X[k,t-1] + (1 - ρ)·[arm k taken on night t],  ρ = 2^(-1/half-life)

    Wake episodes are generalised Poisson with mean λ and variance λ/(1 - ω)²::

        log λ = log wakes_mean + Σ_k log_rate_effects[k]·X[k,t] + wakes_sleep_exponent·log(sleep/420) + drift

    The ranges in brackets were seen in public series of six wearers and in published trials. Shares are from 0 to 1.

    Attributes
    ----------
    effects_min : Mapping [arm], minutes
        Effect on sleep time of taking the dose every night for ever; an arm that is not named has 0.
    log_rate_effects : Mapping [arm]
        The same on the log rate of wake episodes.
    half_life_nights : Mapping [arm], nights
        Nights in which half of an effect builds up or fades; an arm that is not named acts at once.
    effects_between_people_sd : float, minutes
        SD between people of every effect in `effects_min`; each seed is another person (0, 8, 15).
    mean_min : float, minutes
        Sleep on nothing, on a night before a working day, without caffeine (360 to 520).
    residual_sd : float, minutes
        SD of the nightly residual (43 to 102).
    tail_nu : float or None
        Degrees of freedom of the nightly residual; None: Gaussian.
    phi : float
        Lag-1 autocorrelation of the nightly residual (-.15 to .3).
    period_sd : float, minutes
        SD of what the nights of a period have in common beside their arm (0, 15, 20).
    drift_sd : float, minutes
        SD of the slow drift, a Gaussian process with a Matérn-5/2 kernel (13 to 47).
    drift_length_nights : float, nights
        Length scale of the drift.
    free_night_min : float, minutes
        Mean between people of the additional sleep on Friday and Saturday evenings.
    free_night_sd : float, minutes
        SD between people of it.
    wakes_mean : float, a night
        Mean number of wake episodes at 420 minutes of sleep (2, 6, 25).
    wakes_sleep_exponent : float
        Power of sleep time to which wake episodes are proportional.
    wakes_omega : float
        Dispersion ω of wake episodes (-.3 to .3); negative is under-dispersed.
    wakes_drift_sd : float
        SD of the drift of the log rate of wake episodes.
    missing_share : float
        Share of nights that are missing one by one (.02 to .34).
    missing_bursts : float, per 100 nights
        Bursts of 3 to 7 further missing nights.
    missing_short_factor : float
        How many times as likely a night under 300 min is to be missing (3: missing not at random).
    partial_share : float
        Share of nights of which the device recorded only a part.
    caffeine_share : float
        Share of days with caffeine.
    caffeine_after_short : float
        How many times as likely caffeine is after a night below the mean as after another night.
    caffeine_min_per_100mg : float, minutes
        Effect of 100 mg of caffeine on sleep time.
    missed_share : float
        Share of doses that are forgotten.
    device_offset_min : float, minutes
        Offset of the device: recorded = offset + slope·sleep + N(0, sd); a middling wearable has 15, .9, 15.
    device_slope : float
        Slope of the device.
    device_sd : float, minutes
        SD of the device.
    unblinding : float
        A guess is right with probability 1/K, and higher by this where tonight's effect is felt.
    felt_min : float, minutes
        Least size of an effect that is felt.
    unwritten_share : float
        Share of nights without an entry in the diary.
    split_share : float
        Share of nights that a Fitbit records in two pieces.
    nap_share : float
        Share of days with an afternoon nap.

    References
    ----------
    Generalised Poisson: Consul and Jain (1973), Technometrics 15:791.

    Examples
    --------
    >>> from n1trial import Truth
    >>> truth = Truth(effects_min={"glycine": 15.0}, half_life_nights={"glycine": 2.0})
    >>> truth.mean_min, truth.residual_sd, truth.effects_min["glycine"]
    (420.0, 60.0, 15.0)
    """

    effects_min: Mapping[str, float] = field(default_factory=dict)
    log_rate_effects: Mapping[str, float] = field(default_factory=dict)
    half_life_nights: Mapping[str, float] = field(default_factory=dict)
    effects_between_people_sd: float = 0.0
    mean_min: float = 420.0
    residual_sd: float = 60.0
    tail_nu: float | None = 6.0
    phi: float = 0.0
    period_sd: float = 0.0
    drift_sd: float = 20.0
    drift_length_nights: float = 30.0
    free_night_min: float = 30.0
    free_night_sd: float = 35.0
    wakes_mean: float = 2.0
    wakes_sleep_exponent: float = 0.8
    wakes_omega: float = -0.2
    wakes_drift_sd: float = 0.15
    missing_share: float = 0.05
    missing_bursts: float = 0.5
    missing_short_factor: float = 1.0
    partial_share: float = 0.01
    caffeine_share: float = 0.3
    caffeine_after_short: float = 3.0
    caffeine_min_per_100mg: float = -15.0
    missed_share: float = 0.03
    device_offset_min: float = 0.0
    device_slope: float = 1.0
    device_sd: float = 0.0
    unblinding: float = 0.3
    felt_min: float = 15.0
    unwritten_share: float = 0.03
    split_share: float = 0.03
    nap_share: float = 0.05

    def check(self, arms: tuple[str, ...]) -> None:
        """Check that every parameter is in range and every arm is one of the schedule's.

        Parameters
        ----------
        arms
            Names of the schedule's arms.

        Raises
        ------
        ScheduleError
            An arm that the schedule does not have, or a parameter outside its range.
        """
        for mapping in (self.effects_min, self.log_rate_effects, self.half_life_nights):
            for arm in mapping:
                if arm not in arms:
                    raise ScheduleError(f"truth: no arm is called {arm!r}: choose from {', '.join(arms)}")
        for name, low, high in (
            ("mean_min", 120, 840),
            ("phi", -0.9, 0.95),
            ("wakes_omega", -0.5, 0.9),
            ("tail_nu", 2.1, 1000),
            *((name, 0, 1) for name in SHARES),
            *((name, 0, 1000) for name in SCALES),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ScheduleError(f"truth: {name} is {value:g}: give a number from {low:g} to {high:g}")
        if (
            self.drift_length_nights <= 0
            or self.wakes_mean <= 0
            or min(self.half_life_nights.values(), default=0) < 0
        ):
            raise ScheduleError(
                "truth: a length, a mean or a half-life is not above 0: give a positive number"
            )


SHARES = (
    "missing_share",
    "partial_share",
    "caffeine_share",
    "missed_share",
    "unblinding",
    "unwritten_share",
    "split_share",
    "nap_share",
)
SCALES = (
    "effects_between_people_sd",
    "residual_sd",
    "period_sd",
    "drift_sd",
    "free_night_sd",
    "wakes_drift_sd",
    "missing_bursts",
    "missing_short_factor",
    "device_sd",
)

QUIET = Truth(
    residual_sd=0.0,
    drift_sd=0.0,
    free_night_min=0.0,
    free_night_sd=0.0,
    wakes_drift_sd=0.0,
    missing_share=0.0,
    missing_bursts=0.0,
    partial_share=0.0,
    caffeine_share=0.0,
    missed_share=0.0,
    unwritten_share=0.0,
    split_share=0.0,
    nap_share=0.0,
)
"""Only the mean and the effects, without any variation: differences between arms are exact."""
