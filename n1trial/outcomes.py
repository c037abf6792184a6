"""What may be measured each night: unit, direction, smallest worthwhile effect, source.

To add an outcome, add one row to `OUTCOMES`.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing measured every night, and the smallest change in it that is worth having.

    A contrast of this outcome (arm minus reference) is a difference in `unit` when `scale` is
    "difference", and a percentage of the reference arm's nightly rate when it is "percent".
    """

    name: str
    label: str
    unit: str
    better: Literal["higher", "lower"]
    mid: float
    scale: Literal["difference", "percent"] = "difference"
    kind: Literal["continuous", "count"] = "continuous"
    source: str

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        return 1 if self.better == "higher" else -1

    @property
    def contrast_unit(self) -> str:
        """The unit of an effect and of `mid`."""
        return "%" if self.scale == "percent" else self.unit


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
