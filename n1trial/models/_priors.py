"""Every prior of every model, in one table, with the reason for it.

Priors of sleep time are in minutes. Another continuous outcome borrows them in units of its own spread: they
are multiplied by SD of its nights / 60. Priors of counts are on the log scale, so .2 is about 20 %.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

SERIES = "six public series of one wearer each, drift and weekday removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """One prior: of what, which family, its parameters in the family's usual order, and why.

    `scaled` says that the parameters are minutes, to be multiplied for another outcome.
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
        """Where the prior ends: nowhere, unless `within` says so."""
        return self.within or (float("-inf"), float("inf"))

    def in_words(self, *, scale: float = 1.0, unit: str = "") -> str:
        """The prior as it stands in a report, such as "Normal(0, 20) min"."""
        numbers = [each * scale if self.scaled else each for each in self.parameters]
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
    parameters=(0.0, 20.0),
    scaled=True,
    source="trials of glycine or magnesium found 0 to 20 min (Mah and Pitre 2021: 16, -6 to 38)",
)
PERIOD_SD = Prior(
    of="SD between periods",
    family="HalfNormal",
    parameters=(15.0,),
    scaled=True,
    source="0 to 20 min between weeks in simulations of the design",
)
BLOCK_SD = Prior(
    of="SD between blocks",
    family="HalfNormal",
    parameters=(20.0,),
    scaled=True,
    source=f"slow drift of SD 13 to 47 min in {SERIES}",
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
    parameters=(0.0, 0.2),
    source="a third more or fewer wakes is already much; no trial of either substance counted them",
)
LOG_PERIOD_SD = Prior(
    of="SD between periods, log",
    family="HalfNormal",
    parameters=(0.1,),
    source="weeks differ by a tenth",
)
LOG_BLOCK_SD = Prior(
    of="SD between blocks, log",
    family="HalfNormal",
    parameters=(0.2,),
    source="drift of the log rate of SD .15 in two Fitbit series",
)
LOG_WEEKDAY_SD = Prior(
    of="SD between weekdays, log", family="HalfNormal", parameters=(0.1,), source="as between periods"
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
    parameters=(-0.1, 0.2),
    within=(-0.5, 0.9),
    source="Pearson dispersion .57 to .77 in two Fitbit series: wearables under-disperse",
)
SHAPE = Prior(
    of="negative binomial shape",
    family="LogNormal",
    parameters=(10.0, 1.0),
    source="from a variance of 1.5 means to nearly Poisson, at 3 wakes a night",
)

GLYCINE = Prior(
    of="glycine, per gram",
    family="Normal",
    parameters=(0.0, 20.0 / 3.0),
    scaled=True,
    source="3 g, the dose of every trial, then have the prior of an arm's effect",
)
MAGNESIUM = Prior(
    of="magnesium, per 200 mg",
    family="Normal",
    parameters=(0.0, 20.0),
    scaled=True,
    source="200 mg, below every upper level, have the prior of an arm's effect",
)
INTERACTION = Prior(
    of="both together, per gram × 200 mg",
    family="Normal",
    parameters=(0.0, 5.0),
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
HALF_LIFE_GLYCINE = Prior(
    of="half-life of build-up and decay without magnesium, nights",
    family="LogNormal",
    parameters=(0.25, 0.5),
    source="glycine leaves the plasma within hours (Inagawa 2006)",
)
HALF_LIFE_MAGNESIUM = Prior(
    of="half-life of build-up and decay with magnesium, nights",
    family="LogNormal",
    parameters=(4.0, 0.7),
    source="magnesium leaves the plasma in hours, body stores move in days to weeks",
)

TIE = Prior(
    of="correlation of periods, and of blocks, between the outcomes",
    family="LKJ",
    parameters=(2.0,),
    source="either sign, and rather none than all",
)

# People beside each other. An average has the prior of one person's effect, so that a cohort of one would be as
# doubtful as its person.
AVERAGE_EFFECT = Prior(
    of="average effect of each arm",
    family="Normal",
    parameters=(0.0, 20.0),
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
    source="half an effect: an effect rarely turns round between groups",
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
LOG_AVERAGE_RATIO = Prior(
    of="average log rate ratio of each arm",
    family="Normal",
    parameters=(0.0, 0.2),
    source=LOG_RATIO.source,
)
LOG_RATIO_SPREAD = Prior(
    of="SD of log rate ratios between people",
    family="HalfNormal",
    parameters=(0.15,),
    source="as sleep time: three quarters of the prior SD of an average",
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
OMEGA_LOGIT = Prior(
    of="dispersion of all, on the scale of its logit",
    family="Normal",
    parameters=(-0.92, 0.7),
    source="that of one person, -.1 and SD .2, between its limits",
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

# People's SDs between periods, and between blocks, are log-normal around a common one with this SD of the log: one
# person's weeks may differ twice as much as another's. Estimated, it is only a funnel for the sampler to fall into.
LOG_SD_APART = 0.4
SCEPTICAL_SHARE = 0.5


def in_words(
    priors: Iterable[Prior],
    *,
    scale: float = 1.0,
    unit: str = "",
    level: float | None = None,
    width: float = 1.0,
) -> Mapping[str, str]:
    """Each prior in words and numbers, by what it is of.

    `level` replaces the prior mean of the level; scales are so many times as wide as `width` says.
    """
    words = {}
    for prior in priors:
        if prior is LEVEL and level is not None:
            words[prior.of] = f"Normal({level:.4g}, {prior.scale * scale:.4g}) {unit}".rstrip()
        elif prior is LOG_LEVEL and level is not None:
            words[prior.of] = f"Normal(log {level:.3g}, {prior.scale:g})"
        else:
            widened = replace(prior, parameters=(*prior.parameters[:-1], width * prior.scale))
            words[prior.of] = widened.in_words(scale=scale, unit=unit)
    return words


def sources() -> Mapping[str, str]:
    """Why each prior is what it is, by what it is of."""
    return {prior.of: prior.source for prior in globals().values() if isinstance(prior, Prior)}
