"""Every prior of every model, in one table, with the reason for it.

Priors of sleep time are in minutes. Another continuous outcome uses them in units of its own spread: they are
multiplied by the residual SD of its nights (`model_matrix.mean_and_sd_left`) over 60. Priors of counts are on the
log scale, so .1 is about 10 %. Longer than other modules because it is a table: all priors can be read and compared
in one place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from n1trial.design.outcomes import LOG_RATIO_SD

SERIES = "six public series of one wearer each, drift and weekday removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """One prior, and the reason for it.

    Attributes
    ----------
    of : str
        What it is the prior of, in words.
    family : str
        Name of the distribution.
    parameters : tuple of float
        In the family's usual order; the scale is the last.
    scaled : bool
        Whether the parameters are minutes, to be multiplied for another outcome.
    within : (float, float) or None
        Where the distribution is truncated; None: nowhere.
    source : str
        Why it is what it is: a trial, a data set, or what it implies.
    """

    of: str
    family: str
    parameters: tuple[float, ...]
    scaled: bool = False
    within: tuple[float, float] | None = None
    source: str

    @property
    def scale(self) -> float:
        """The last parameter: an SD or a half-normal's scale."""
        return self.parameters[-1]

    @property
    def limits(self) -> tuple[float, float]:
        """Ends of the support: infinite, unless `within` says otherwise."""
        return self.within or (float("-inf"), float("inf"))

    def widened(self, width: float) -> Self:
        """The same prior so many times as wide."""
        return replace(self, parameters=(*self.parameters[:-1], width * self.scale))

    def in_words(self, *, scale: float = 1.0, unit: str = "") -> str:
        """The prior as it stands in a report, such as "Normal(0, 25) min"."""
        numbers = [number * scale if self.scaled else number for number in self.parameters]
        if self.family == "LogNormal":
            inside = f"log {numbers[0]:.3g}, {self.parameters[1]:g}"
        else:
            inside = ", ".join(f"{number:.4g}" for number in numbers)
        limits = f" within {self.within[0]:g} to {self.within[1]:g}" if self.within else ""
        return f"{self.family}({inside}){limits}" + (f" {unit}" if self.scaled and unit else "")


type _Distribution = tuple[str, *tuple[float, ...]]


def _row(of: str, family: _Distribution, why: str, *, within: tuple[float, float] | None = None) -> Prior:
    return Prior(of=of, family=family[0], parameters=family[1:], within=within, source=why)


def _minutes(of: str, family: _Distribution, why: str) -> Prior:
    """A row whose parameters are minutes."""
    return replace(_row(of, family, why), scaled=True)


LEVEL = _minutes(
    "level", ("Normal", 420.0, 75.0), "adults sleep 360 to 520 min; the SD lets either end be nothing special"
)
EFFECT = _minutes(
    "effect of each arm",
    ("Normal", 0.0, 25.0),
    "trials of glycine or magnesium found 0 to 20 min (Mah and Pitre 2021: 16, -6 to 38);"
    " 50 min, nearly every bad night prevented, is not ruled out",
)
PERIOD_SD = _minutes(
    "SD between periods",
    ("HalfNormal", 60.0),
    "wide enough for weeks that differ by an SD of 40 min, or a cycle of 28 days: of 95 % intervals .95 and"
    " .94 hold the truth then, where a scale of 15 min leaves .94 and .91",
)
BLOCK = _row(
    "each block against the mean of all, in SDs of nights",
    ("Normal", 0.0, 1.25),
    "75 min where nights vary by 60, so that arms are compared within blocks, as they were drawn: with an"
    " estimated SD, of 95 % intervals .92 hold the truth where weeks take turns in step with blocks, and .94 with this",
)
WEEKDAY_SD = _minutes(
    "SD between weekdays", ("HalfNormal", 30.0), "free nights 30 min longer, SD 35 between people"
)
TREND = _minutes("change from first to last night", ("Normal", 0.0, 20.0), "as large as the slow drift")
RUN_IN = _minutes(
    "run-in against the reference",
    ("Normal", 0.0, 75.0),
    "as wide as the level, so that no run-in night weighs in a contrast",
)
COVARIATE = _minutes(
    "each covariate, per SD",
    ("Normal", 0.0, 15.0),
    "caffeine costs 45 min in 24 studies (Gardiner 2023), about 15 per 100 mg",
)
NIGHT_SD = _minutes(
    "scale of nights", ("LogNormal", 60.0, 0.4), f"43 to 102 min in {SERIES}; CARDIA actigraphy 76"
)
# Of the typical night alone: the other models have Gaussian nights.
NU = _row(
    "degrees of freedom, less 2",
    ("Gamma", 2.0, 0.1),
    "Juárez and Steel (2010), doi:10.1002/jae.1113, moved by 2 so that the variance exists",
)
PHI = _row(
    "correlation with the night before", ("Normal", 0.0, 0.2), f"-.06 to .06 in {SERIES}", within=(-0.9, 0.9)
)

LOG_LEVEL = _row(
    "level, log",
    ("Normal", 0.0, 0.5),
    "around the log of the mean count, so it only says that the arms are not worlds apart",
)
LOG_RATIO = _row(
    "log rate ratio of each arm",
    ("Normal", 0.0, LOG_RATIO_SD),
    "half or twice as many wakes are nothing special, as no trial of either substance counted them; wider where"
    " wakes are so few that a change worth having would otherwise be unlikely before the first night",
)
LOG_PERIOD_SD = _row(
    "SD between periods, log",
    ("HalfNormal", 0.4),
    "wide enough for weeks that differ by 30 %: a scale of .1 calls an arm that does nothing worth it in 10 % of"
    " trials then, this one in 5",
)
LOG_BLOCK = _row(
    "each block against the mean of all, log",
    ("Normal", 0.0, 0.5),
    "as wide as the level, so that arms are compared within blocks, as they were drawn",
)
LOG_WEEKDAY_SD = _row("SD between weekdays, log", ("HalfNormal", 0.1), "weekdays differ by a tenth")
LOG_TREND = _row("change from first to last night, log", ("Normal", 0.0, 0.15), "as large as the drift")
LOG_RUN_IN = _row(
    "run-in against the reference, log",
    ("Normal", 0.0, 0.5),
    "as wide as the level, so that no run-in night weighs in a contrast",
)
LOG_COVARIATE = _row("each covariate, log, per SD", ("Normal", 0.0, 0.15), "as large as the trend")
KAPPA = _row(
    "exponent of sleep time κ",
    ("Normal", 0.8, 0.35),
    "exponents of .47 to 1.13 were seen in five series; at equal sleep time only",
)
OMEGA = _row(
    "dispersion ω",
    ("Normal", 0.0, 0.35),
    "Pearson dispersion .57 to .77 in two Fitbit series, but of someone who sleeps through half of the nights"
    " 2.5 to 4: from half to six times the variance of pure chance",
    within=(-0.5, 0.9),
)
SHAPE = _row(
    "negative binomial shape",
    ("LogNormal", 10.0, 1.0),
    "from a variance of 1.5 means to nearly Poisson, at 3 wakes a night",
)

LOGIT_LEVEL = _row(
    "level, logit",
    ("Normal", 0.0, 1.0),
    "around the share of bad nights of all arms, with half a night added to either side",
)
LOG_ODDS = _row(
    "log odds ratio of each arm",
    ("Normal", 0.0, 1.0),
    "from 15 bad nights of 100, two thirds prevented is 1.2; trials of either substance counted none",
)
LOGIT_TREND = _row(
    "change from first to last night, logit",
    ("Normal", 0.0, 0.5),
    "20 min more sleep on average, as in sleep time, change the odds by about so much",
)
LOGIT_RUN_IN = _row(
    "run-in against the reference, logit",
    ("Normal", 0.0, 1.0),
    "as wide as the level, so that no run-in night weighs in a contrast",
)
LOGIT_COVARIATE = _row("each covariate, logit, per SD", ("Normal", 0.0, 0.5), "as large as the trend")
LOGIT_BLOCK = _row(
    "level of each block, logit",
    ("Normal", 0.0, 1.0),
    "as wide as the level, so that each arm is compared within its block",
)
LOGIT_PERIOD_SD = _row(
    "SD between periods, logit",
    ("HalfNormal", 0.5),
    "weeks that differ by 20 to 40 min of sleep change the odds of a night under five hours by .4 to .9",
)
LOGIT_WEEKDAY_SD = _row("SD between weekdays, logit", ("HalfNormal", 0.5), "as between periods")

GLYCINE = _minutes(
    "glycine, per gram",
    ("Normal", 0.0, EFFECT.scale / 3.0),
    "3 g, the dose of every trial, then have the prior of an arm's effect",
)
MAGNESIUM = _minutes(
    "magnesium, per 200 mg",
    ("Normal", 0.0, EFFECT.scale),
    "200 mg, below every upper level, have the prior of an arm's effect",
)
INTERACTION = _minutes(
    "both together, per gram × 200 mg",
    ("Normal", 0.0, EFFECT.scale / 4.0),
    "a quarter of an effect: nothing is known of one helping the other",
)
DRIFT_SD = _minutes("SD of the slow drift", ("HalfNormal", 30.0), f"13 to 47 min in {SERIES}")
DRIFT_NIGHTS = _row(
    "length of the slow drift beyond two periods, nights",
    ("HalfNormal", 30.0),
    "about 30 nights in the series; never so short that it could take an arm's place",
)
HALF_LIFE = _row(
    "half-life of build-up and decay, nights", ("LogNormal", 2.0, 0.7), "nothing is known of this dose"
)
HALF_LIFE_SHORT = _row(
    "half-life of build-up and decay of what acts within a day, nights",
    ("LogNormal", 0.25, 0.5),
    "glycine leaves the plasma within hours (Inagawa 2006)",
)
HALF_LIFE_STATED = _row(
    "half-life of build-up and decay, as stated, nights",
    ("LogNormal", 3.0, 0.7),
    "around what the protocol states; of magnesium, whose stores move in days to weeks, three nights",
)

TIE = _row(
    "correlation of periods between the outcomes", ("LKJ", 2.0), "either sign, and rather none than all"
)

# Of several people. An average effect has the prior of one person's effect, so that a cohort of one is no more certain
# than its one person.
AVERAGE_EFFECT = _minutes("average effect of each arm", ("Normal", *EFFECT.parameters), EFFECT.source)
EFFECT_SPREAD = _minutes(
    "SD of effects between people",
    ("HalfNormal", 15.0),
    "people differ by no more than trials found on average; half and twice of it are tried beside",
)
MODIFIER = _minutes(
    "change of an effect per SD of a modifier, or from group to group",
    ("Normal", 0.0, 10.0),
    "less than half an effect: an effect rarely turns round between groups",
)
PEOPLE_SD = _minutes("SD of levels between people", ("HalfNormal", 60.0), "adults sleep 360 to 520 min")
NIGHT_SD_SPREAD = _row(
    "SD of the log scale of nights between people", ("HalfNormal", 0.4), f"43 to 102 min in {SERIES}"
)
PHI_SPREAD = _row(
    "SD of the correlation with the night before between people",
    ("HalfNormal", 0.1),
    f"-.06 to .06 in {SERIES}",
)
WEEKDAY_SPREAD = _minutes(
    "SD of weekdays between people", ("HalfNormal", 20.0), "free nights 30 min longer, SD 35 between people"
)
WEEK_SD = _minutes(
    "SD between calendar weeks that people share",
    ("HalfNormal", 20.0),
    "heat, holidays and examinations are shared, and lesser than each one's own ups and downs",
)
LOG_AVERAGE_RATIO = _row(
    "average log rate ratio of each arm", ("Normal", *LOG_RATIO.parameters), LOG_RATIO.source
)
LOG_RATIO_SPREAD = _row(
    "SD of log rate ratios between people",
    ("HalfNormal", 0.25),
    "half of the prior SD of an average; half and twice of it are tried beside",
)
LOG_MODIFIER = _row(
    "change of a log rate ratio per SD of a modifier, or from group to group",
    ("Normal", 0.0, 0.1),
    MODIFIER.source,
)
LOG_PEOPLE_SD = _row(
    "SD of log levels between people", ("HalfNormal", 0.7), "2 to 6 wakes of 5 minutes a night"
)
LOG_WEEKDAY_SPREAD = _row("SD of weekdays between people, log", ("HalfNormal", 0.1), "as between weekdays")
LOG_WEEK_SD = _row(
    "SD between calendar weeks that people share, log",
    ("HalfNormal", 0.1),
    "heat and holidays are shared, and lesser than each one's own ups and downs",
)
OMEGA_LOGIT = _row(
    "dispersion of all, on the scale of its logit",
    ("Normal", -0.5, 1.1),
    "that of one person, 0 and SD .35, between its limits",
)
OMEGA_SPREAD = _row(
    "SD of the dispersion between people, on the scale of its logit",
    ("HalfNormal", 0.4),
    "a device scores all its people in one way, so little",
)
EFFECT_TIE = _row("correlations of a person's effects", ("LKJ", 2.0), "either sign, and rather none than all")

# People's SDs between periods are log-normal around a common one with this SD of the log: one person's weeks may
# differ twice as much as another's. To estimate it would give the sampler a funnel, and the data say little about it.
LOG_SD_APART = 0.4
# A sceptic expects Normal(0, 10) min.
SCEPTICAL_SHARE = 0.4


def in_words(
    priors: Iterable[Prior],
    *,
    scale: float = 1.0,
    unit: str = "",
    level: float | None = None,
    width: float = 1.0,
) -> Mapping[str, str]:
    """Each prior in words and numbers, by what it is of.

    Parameters
    ----------
    scale
        What parameters in minutes are multiplied by.
    unit
        The outcome's unit.
    level
        Replaces the prior mean of the level, in the outcome's unit or as a count.
    width
        How many times as wide every prior is made.
    """
    words = {}
    for prior in priors:
        if prior is LEVEL and level is not None:
            words[prior.of] = f"Normal({level:.4g}, {prior.scale * scale:.4g}) {unit}".rstrip()
        elif prior is LOG_LEVEL and level is not None:
            words[prior.of] = f"Normal(log {level:.3g}, {prior.scale:g})"
        else:
            words[prior.of] = prior.widened(width).in_words(scale=scale, unit=unit)
    return words


def sources() -> Mapping[str, str]:
    """Why each prior is what it is, by what it is of."""
    return {prior.of: prior.source for prior in globals().values() if isinstance(prior, Prior)}
