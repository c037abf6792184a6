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


LEVEL = Prior(
    of="level",
    family="Normal",
    parameters=(420.0, 75.0),
    scaled=True,
    source="adults sleep 360 to 520 min; the SD lets either end be nothing special",
)
EFFECT = Prior(
    of="effect of each arm",
    family="Normal",
    parameters=(0.0, 25.0),
    scaled=True,
    source="trials of glycine or magnesium found 0 to 20 min (Mah and Pitre 2021: 16, -6 to 38);"
    " 50 min, nearly every bad night prevented, is not ruled out",
)
PERIOD_SD = Prior(
    of="SD between periods",
    family="HalfNormal",
    parameters=(60.0,),
    scaled=True,
    source="wide enough for weeks that differ by an SD of 40 min, or a cycle of 28 days: of 95 % intervals .95 and"
    " .94 hold the truth then, where a scale of 15 min leaves .94 and .91",
)
BLOCK = Prior(
    of="each block against the mean of all, in SDs of nights",
    family="Normal",
    parameters=(0.0, 1.25),
    source="75 min where nights vary by 60, so that arms are compared within blocks, as they were drawn: with an"
    " estimated SD, of 95 % intervals .92 hold the truth where weeks take turns in step with blocks, and .94 with this",
)
WEEKDAY_SD = Prior(
    of="SD between weekdays",
    family="HalfNormal",
    parameters=(30.0,),
    scaled=True,
    source="free nights 30 min longer, SD 35 between people",
)
TREND = Prior(
    of="change from first to last night",
    family="Normal",
    parameters=(0.0, 20.0),
    scaled=True,
    source="as large as the slow drift",
)
RUN_IN = Prior(
    of="run-in against the reference",
    family="Normal",
    parameters=(0.0, 75.0),
    scaled=True,
    source="as wide as the level, so that no run-in night weighs in a contrast",
)
COVARIATE = Prior(
    of="each covariate, per SD",
    family="Normal",
    parameters=(0.0, 15.0),
    scaled=True,
    source="caffeine costs 45 min in 24 studies (Gardiner 2023), about 15 per 100 mg",
)
NIGHT_SD = Prior(
    of="scale of nights",
    family="LogNormal",
    parameters=(60.0, 0.4),
    scaled=True,
    source=f"43 to 102 min in {SERIES}; CARDIA actigraphy 76",
)
# Of the typical night alone: the other models have Gaussian nights.
NU = Prior(
    of="degrees of freedom, less 2",
    family="Gamma",
    parameters=(2.0, 0.1),
    source="Juárez and Steel (2010), doi:10.1002/jae.1113, moved by 2 so that the variance exists",
)
PHI = Prior(
    of="correlation with the night before",
    family="Normal",
    parameters=(0.0, 0.2),
    within=(-0.9, 0.9),
    source=f"-.06 to .06 in {SERIES}",
)

LOG_LEVEL = Prior(
    of="level, log",
    family="Normal",
    parameters=(0.0, 0.5),
    source="around the log of the mean count, so it only says that the arms are not worlds apart",
)
LOG_RATIO = Prior(
    of="log rate ratio of each arm",
    family="Normal",
    parameters=(0.0, LOG_RATIO_SD),
    source="half or twice as many wakes are nothing special, as no trial of either substance counted them; wider where"
    " wakes are so few that a change worth having would otherwise be unlikely before the first night",
)
LOG_PERIOD_SD = Prior(
    of="SD between periods, log",
    family="HalfNormal",
    parameters=(0.4,),
    source="wide enough for weeks that differ by 30 %: a scale of .1 calls an arm that does nothing worth it in 10 % of"
    " trials then, this one in 5",
)
LOG_BLOCK = Prior(
    of="each block against the mean of all, log",
    family="Normal",
    parameters=(0.0, 0.5),
    source="as wide as the level, so that arms are compared within blocks, as they were drawn",
)
LOG_WEEKDAY_SD = Prior(
    of="SD between weekdays, log", family="HalfNormal", parameters=(0.1,), source="weekdays differ by a tenth"
)
LOG_TREND = Prior(
    of="change from first to last night, log",
    family="Normal",
    parameters=(0.0, 0.15),
    source="as large as the drift",
)
LOG_RUN_IN = Prior(
    of="run-in against the reference, log",
    family="Normal",
    parameters=(0.0, 0.5),
    source="as wide as the level, so that no run-in night weighs in a contrast",
)
LOG_COVARIATE = Prior(
    of="each covariate, log, per SD", family="Normal", parameters=(0.0, 0.15), source="as large as the trend"
)
KAPPA = Prior(
    of="exponent of sleep time κ",
    family="Normal",
    parameters=(0.8, 0.35),
    source="exponents of .47 to 1.13 were seen in five series; at equal sleep time only",
)
OMEGA = Prior(
    of="dispersion ω",
    family="Normal",
    parameters=(0.0, 0.35),
    within=(-0.5, 0.9),
    source="Pearson dispersion .57 to .77 in two Fitbit series, but of someone who sleeps through half of the nights"
    " 2.5 to 4: from half to six times the variance of pure chance",
)
SHAPE = Prior(
    of="negative binomial shape",
    family="LogNormal",
    parameters=(10.0, 1.0),
    source="from a variance of 1.5 means to nearly Poisson, at 3 wakes a night",
)

LOGIT_LEVEL = Prior(
    of="level, logit",
    family="Normal",
    parameters=(0.0, 1.0),
    source="around the share of bad nights of all arms, with half a night added to either side",
)
LOG_ODDS = Prior(
    of="log odds ratio of each arm",
    family="Normal",
    parameters=(0.0, 1.0),
    source="from 15 bad nights of 100, two thirds prevented is 1.2; trials of either substance counted none",
)
LOGIT_TREND = Prior(
    of="change from first to last night, logit",
    family="Normal",
    parameters=(0.0, 0.5),
    source="20 min more sleep on average, as in sleep time, change the odds by about so much",
)
LOGIT_RUN_IN = Prior(
    of="run-in against the reference, logit",
    family="Normal",
    parameters=(0.0, 1.0),
    source="as wide as the level, so that no run-in night weighs in a contrast",
)
LOGIT_COVARIATE = Prior(
    of="each covariate, logit, per SD", family="Normal", parameters=(0.0, 0.5), source="as large as the trend"
)
LOGIT_BLOCK = Prior(
    of="level of each block, logit",
    family="Normal",
    parameters=(0.0, 1.0),
    source="as wide as the level, so that each arm is compared within its block",
)
LOGIT_PERIOD_SD = Prior(
    of="SD between periods, logit",
    family="HalfNormal",
    parameters=(0.5,),
    source="weeks that differ by 20 to 40 min of sleep change the odds of a night under five hours by .4 to .9",
)
LOGIT_WEEKDAY_SD = Prior(
    of="SD between weekdays, logit", family="HalfNormal", parameters=(0.5,), source="as between periods"
)

GLYCINE = Prior(
    of="glycine, per gram",
    family="Normal",
    parameters=(0.0, EFFECT.scale / 3.0),
    scaled=True,
    source="3 g, the dose of every trial, then have the prior of an arm's effect",
)
MAGNESIUM = Prior(
    of="magnesium, per 200 mg",
    family="Normal",
    parameters=(0.0, EFFECT.scale),
    scaled=True,
    source="200 mg, below every upper level, have the prior of an arm's effect",
)
INTERACTION = Prior(
    of="both together, per gram × 200 mg",
    family="Normal",
    parameters=(0.0, EFFECT.scale / 4.0),
    scaled=True,
    source="a quarter of an effect: nothing is known of one helping the other",
)
DRIFT_SD = Prior(
    of="SD of the slow drift",
    family="HalfNormal",
    parameters=(30.0,),
    scaled=True,
    source=f"13 to 47 min in {SERIES}",
)
DRIFT_NIGHTS = Prior(
    of="length of the slow drift beyond two periods, nights",
    family="HalfNormal",
    parameters=(30.0,),
    source="about 30 nights in the series; never so short that it could take an arm's place",
)
HALF_LIFE = Prior(
    of="half-life of build-up and decay, nights",
    family="LogNormal",
    parameters=(2.0, 0.7),
    source="nothing is known of this dose",
)
HALF_LIFE_SHORT = Prior(
    of="half-life of build-up and decay of what acts within a day, nights",
    family="LogNormal",
    parameters=(0.25, 0.5),
    source="glycine leaves the plasma within hours (Inagawa 2006)",
)
HALF_LIFE_STATED = Prior(
    of="half-life of build-up and decay, as stated, nights",
    family="LogNormal",
    parameters=(3.0, 0.7),
    source="around what the protocol states; of magnesium, whose stores move in days to weeks, three nights",
)

TIE = Prior(
    of="correlation of periods between the outcomes",
    family="LKJ",
    parameters=(2.0,),
    source="either sign, and rather none than all",
)

# Of several people. An average effect has the prior of one person's effect, so that a cohort of one is no more certain
# than its one person.
AVERAGE_EFFECT = Prior(
    of="average effect of each arm",
    family="Normal",
    parameters=EFFECT.parameters,
    scaled=True,
    source=EFFECT.source,
)
EFFECT_SPREAD = Prior(
    of="SD of effects between people",
    family="HalfNormal",
    parameters=(15.0,),
    scaled=True,
    source="people differ by no more than trials found on average; half and twice of it are tried beside",
)
MODIFIER = Prior(
    of="change of an effect per SD of a modifier, or from group to group",
    family="Normal",
    parameters=(0.0, 10.0),
    scaled=True,
    source="less than half an effect: an effect rarely turns round between groups",
)
PEOPLE_SD = Prior(
    of="SD of levels between people",
    family="HalfNormal",
    parameters=(60.0,),
    scaled=True,
    source="adults sleep 360 to 520 min",
)
NIGHT_SD_SPREAD = Prior(
    of="SD of the log scale of nights between people",
    family="HalfNormal",
    parameters=(0.4,),
    source=f"43 to 102 min in {SERIES}",
)
PHI_SPREAD = Prior(
    of="SD of the correlation with the night before between people",
    family="HalfNormal",
    parameters=(0.1,),
    source=f"-.06 to .06 in {SERIES}",
)
WEEKDAY_SPREAD = Prior(
    of="SD of weekdays between people",
    family="HalfNormal",
    parameters=(20.0,),
    scaled=True,
    source="free nights 30 min longer, SD 35 between people",
)
WEEK_SD = Prior(
    of="SD between calendar weeks that people share",
    family="HalfNormal",
    parameters=(20.0,),
    scaled=True,
    source="heat, holidays and examinations are shared, and lesser than each one's own ups and downs",
)
LOG_AVERAGE_RATIO = Prior(
    of="average log rate ratio of each arm",
    family="Normal",
    parameters=LOG_RATIO.parameters,
    source=LOG_RATIO.source,
)
LOG_RATIO_SPREAD = Prior(
    of="SD of log rate ratios between people",
    family="HalfNormal",
    parameters=(0.25,),
    source="half of the prior SD of an average; half and twice of it are tried beside",
)
LOG_MODIFIER = Prior(
    of="change of a log rate ratio per SD of a modifier, or from group to group",
    family="Normal",
    parameters=(0.0, 0.1),
    source=MODIFIER.source,
)
LOG_PEOPLE_SD = Prior(
    of="SD of log levels between people",
    family="HalfNormal",
    parameters=(0.7,),
    source="2 to 6 wakes of 5 minutes a night",
)
LOG_WEEKDAY_SPREAD = Prior(
    of="SD of weekdays between people, log",
    family="HalfNormal",
    parameters=(0.1,),
    source="as between weekdays",
)
LOG_WEEK_SD = Prior(
    of="SD between calendar weeks that people share, log",
    family="HalfNormal",
    parameters=(0.1,),
    source="heat and holidays are shared, and lesser than each one's own ups and downs",
)
OMEGA_LOGIT = Prior(
    of="dispersion of all, on the scale of its logit",
    family="Normal",
    parameters=(-0.5, 1.1),
    source="that of one person, 0 and SD .35, between its limits",
)
OMEGA_SPREAD = Prior(
    of="SD of the dispersion between people, on the scale of its logit",
    family="HalfNormal",
    parameters=(0.4,),
    source="a device scores all its people in one way, so little",
)
EFFECT_TIE = Prior(
    of="correlations of a person's effects",
    family="LKJ",
    parameters=(2.0,),
    source="either sign, and rather none than all",
)

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
