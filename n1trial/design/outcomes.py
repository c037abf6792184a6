"""What may be measured each night: unit, direction, smallest worthwhile effect, source.

To add an outcome, add one row to `OUTCOMES`, and one to `MEASURES` if more is known of it than its unit.

Examples
--------
>>> from n1trial import OUTCOMES
>>> list(OUTCOMES)
['tst_min', 'wake_episodes', 'wake_episodes_all', 'waso_min', 'sol_min', 'se_pct']
>>> OUTCOMES["waso_min"].better
'lower'
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is known of a quantity beside its unit and direction; as it stands here, of one that nothing is known of.

    Attributes
    ----------
    prior_unit : float or None
        What a minute of the models' priors of sleep time is in the outcome's unit, so that the priors hold as they are;
        None: their scale is that of the outcome's nights.
    whole_sleep : bool
        Whether it is the sleep of a whole night in minutes: bad nights are counted from it, short nights are left out
        by it, and the literature's effects are of it.
    in_hours : bool
        Whether levels, in minutes, are shown in hours.
    similar_in_all : bool
        Whether people are so alike in it that ten times as much as in others is another unit.
    usual : float or None
        A usual mean of a night, where no night is known; of counts.
    of_any_length : str
        Column of the same events of any length, where shorter ones are left out; empty where none are.
    """

    prior_unit: float | None = None
    whole_sleep: bool = False
    in_hours: bool = False
    similar_in_all: bool = False
    usual: float | None = None
    of_any_length: str = ""


NOTHING_KNOWN = Measure()
MEASURES: Mapping[str, Measure] = {
    "tst_min": Measure(prior_unit=1.0, whole_sleep=True, in_hours=True, similar_in_all=True),
    "wake_episodes": Measure(usual=2.0, of_any_length="wake_episodes_all"),
    "wake_episodes_all": Measure(usual=25.0),
    "se_pct": Measure(similar_in_all=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing measured every night, and the smallest change in it that is worth having.

    Attributes
    ----------
    name : str
        Name of the column in tables of nights, with its unit, such as ``tst_min``.
    label : str
        Name in sentences.
    unit : str
        Unit of a night's value; of kind "yes-no", nights in a hundred.
    better : {"higher", "lower"}
        Direction that is better.
    mid : float
        Smallest worthwhile effect, in `contrast_unit`, above 0.
    scale : {"difference", "percent"}
        A contrast (arm minus reference) is a difference in `unit`, or a percentage of the reference arm's nightly rate.
    kind : {"continuous", "count", "yes-no"}
        A number, a count, or 1 and 0.
    source : str
        Where `mid` comes from.

    Examples
    --------
    >>> from n1trial import OUTCOMES
    >>> sleep_time = OUTCOMES["tst_min"]
    >>> sleep_time.mid, sleep_time.contrast_unit, sleep_time.sign
    (15.0, 'min', 1)
    """

    name: str
    label: str
    unit: str
    better: Literal["higher", "lower"]
    mid: float
    scale: Literal["difference", "percent"] = "difference"
    kind: Literal["continuous", "count", "yes-no"] = "continuous"
    source: str

    @property
    def measure(self) -> Measure:
        """What is known of what it measures.

        It follows from the name and is no field, since saved fits and shared summaries hold the fields.
        """
        return MEASURES.get(self.name, NOTHING_KNOWN)

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        return 1 if self.better == "higher" else -1

    @property
    def contrast_unit(self) -> str:
        """The unit of an effect and of `mid`."""
        return "%" if self.scale == "percent" else self.unit

    @property
    def decimals(self) -> int | None:
        """Digits after the point in which an effect is said: none of minutes, one of wakes; None for other units.

        More where `mid` is so small that it could not be seen in so few.
        """
        usual = {"min": 0, "%": 0, "points": 0, "a night": 1}.get(self.contrast_unit)
        return None if usual is None else max(usual, math.ceil(math.log10(2 / self.mid)))

    def log_mid(self, usual: float) -> tuple[float, float]:
        """How far the log of a mean count of `usual` falls, and rises, where the count changes by `mid`.

        A count that is usually `mid` or less cannot fall by so much: infinity.

        Parameters
        ----------
        usual : float
            Mean count of a night on the comparator, above 0.
        """
        share = self.mid / (100.0 if self.scale == "percent" else usual)
        return -math.log1p(-share) if share < 1.0 else math.inf, math.log1p(share)


AASM = "Edinger et al. (2021), AASM, PMC7853211, Table 3"

OUTCOMES = {
    outcome.name: outcome
    for outcome in (
        Outcome(name="tst_min", label="sleep time", unit="min", better="higher", mid=15.0, source=AASM),
        Outcome(
            name="wake_episodes",
            label="wake episodes of 5 minutes or more",
            unit="a night",
            better="lower",
            mid=0.5,
            kind="count",
            source=AASM,
        ),
        Outcome(
            name="wake_episodes_all",
            label="wake episodes of any length",
            unit="a night",
            better="lower",
            mid=10.0,
            scale="percent",
            kind="count",
            # At 30 wakes a night half an episode means nothing, so a tenth of them is asked for.
            source="n1trial convention; no guideline counts wakes under 5 minutes",
        ),
        Outcome(
            name="waso_min",
            label="time awake after falling asleep",
            unit="min",
            better="lower",
            mid=20.0,
            source=AASM,
        ),
        Outcome(
            name="sol_min", label="time to fall asleep", unit="min", better="lower", mid=20.0, source=AASM
        ),
        Outcome(
            name="se_pct", label="sleep efficiency", unit="points", better="higher", mid=10.0, source=AASM
        ),
    )
}
"""Outcomes by name, each an `Outcome`: whatever a protocol may list and a table of nights has a column of."""


# SDs of a log rate ratio: a half or a double is nothing special; 1.5 is a factor of 20 either way.
LOG_RATIO_SD, WIDEST_LOG_RATIO_SD = 0.5, 1.5
NEARER_BY = 1e-6


def log_ratio_sd(outcome: Outcome, usual: float, *, at_least: float = LOG_RATIO_SD) -> float:
    """Prior SD of an arm's log rate ratio where a night has `usual` wakes: so wide that it is no verdict.

    Before the first night a change of less than `outcome.mid` has a probability of a half at most. The fewer the
    wakes, the wider the prior must be: .5 is enough from 1.6 wakes a night, one wake needs .8, and at `mid` or less
    no SD is, so that it ends at `WIDEST_LOG_RATIO_SD`.

    Parameters
    ----------
    outcome
        A count.
    usual : wakes a night
        Mean count on the comparator.
    at_least
        Smallest SD.
    """
    fall, rise = outcome.log_mid(usual)

    def within(sd: float) -> float:
        return 0.5 * (math.erf(rise / sd / 2**0.5) + math.erf(fall / sd / 2**0.5))

    low, high = at_least, max(at_least, WIDEST_LOG_RATIO_SD)
    if within(low) <= 0.5:
        return low
    while high - low > NEARER_BY:
        middle = (low + high) / 2
        low, high = (low, middle) if within(middle) <= 0.5 else (middle, high)
    return high


BAD_NIGHT_MINUTES = 300
BAD_NIGHTS = Outcome(
    name="bad_nights",
    label="bad nights",
    unit="nights in 100",
    better="lower",
    mid=5.0,
    kind="yes-no",
    # Where a bad night costs three to five hours of sleep, 5 in 100 fewer are 9 to 15 minutes of mean sleep a night,
    # which is what sleep time asks for.
    source="n1trial convention; no guideline counts them",
)
"""Nights with less sleep than the protocol's limit. No device records them and no table has a column of them: they are
made from sleep time (`trial_data.bad_nights_of`), so they stand beside every trial that measures it, not in `OUTCOMES`.
"""
