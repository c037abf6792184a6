"""Where the plain means, or those of whole periods, say something else than the model: which, and why.

They do where they are more than half a smallest worthwhile effect apart, or where an interval leaves the other's
estimate out and the two are `LEAST_APART` of a smallest worthwhile effect apart, or more. The reason is the part of
the model without which the two come closest.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from n1trial.analysis.effects import Conflict, Effect, Reason
from n1trial.design.contrast import Contrast

# The names under which checks give these lines.
PLAIN_MEANS, PERIOD_MEANS, GAUSSIAN = "nights as if independent", "period means", "Gaussian nights"
WIDE_PRIOR, NO_WEEKDAY, NO_TREND, NO_WEEKS = (
    "wide prior",
    "no weekday",
    "no trend",
    "no ups and downs of weeks",
)
NO_ODD_NIGHTS, PLAIN_WITHOUT_ODD = "without the odd nights", "plain means without the odd nights"
WITHOUT: Mapping[str, Reason] = {
    WIDE_PRIOR: "prior",
    NO_WEEKDAY: "weekday",
    NO_TREND: "trend",
    NO_WEEKS: "weeks",
}
# Two answers closer than this share of the smallest worthwhile effect count as the same.
LEAST_APART = 0.1
# A part of the model is the reason only where leaving it out closes this share of the distance or more.
LEAST_SHARE = 0.25


class Line(Protocol):
    """What is needed of one line of the checks."""

    @property
    def check(self) -> str:
        """Its name."""
        ...

    @property
    def contrast(self) -> Contrast | None:
        """The two arms, where it is about two."""
        ...

    @property
    def estimate(self) -> float | None:
        """In the outcome's unit."""
        ...

    @property
    def low(self) -> float | None:
        """Lower end of its interval."""
        ...

    @property
    def high(self) -> float | None:
        """Upper end."""
        ...


def conflict_of(effect: Effect, results: Sequence[Line]) -> Conflict | None:
    """The means that say something else than an effect, and the reason; None where both agree.

    A percentage is not compared: the means are in the outcome's unit.
    """
    if effect.outcome.scale == "percent":
        return None
    lines = {line.check: line for line in results if line.contrast == effect.contrast}
    if (plain := _other_answer(effect, lines.get(PLAIN_MEANS), rival=False)) is not None:
        return Conflict(whose="plain means", estimate=plain, reason=_reason(effect, plain, lines))
    if (means := _other_answer(effect, lines.get(PERIOD_MEANS), rival=True)) is not None:
        return Conflict(whose="period means", estimate=means, reason=_reason(effect, means, lines))
    return None


def _other_answer(effect: Effect, line: Line | None, *, rival: bool) -> float | None:
    """What a line says where it is another answer than the effect's; only a `rival`'s own interval is one."""
    if line is None or line.estimate is None:
        return None
    estimate = line.estimate
    far = abs(estimate - effect.mean) > effect.outcome.mid / 2
    left_out = not effect.low <= estimate <= effect.high
    if rival and line.low is not None and line.high is not None:
        left_out = left_out or not line.low <= effect.mean <= line.high
    differs = abs(estimate - effect.mean) >= LEAST_APART * effect.outcome.mid
    return estimate if far or (left_out and differs) else None


def _reason(effect: Effect, estimate: float, lines: Mapping[str, Line]) -> Reason:
    """The part of the model without which the distance shrinks most.

    Parts are left out of Gaussian nights; where the model's own have heavy tails, what these do belongs to odd nights.
    """
    distance = abs(estimate - effect.mean)
    gaussian = _estimate(lines, GAUSSIAN, default=effect.mean)
    closer: dict[Reason, float] = {}
    for name, reason in WITHOUT.items():
        if name in lines:
            closer[reason] = abs(estimate - gaussian) - abs(
                estimate - _estimate(lines, name, default=gaussian)
            )
    if {NO_ODD_NIGHTS, PLAIN_WITHOUT_ODD} <= lines.keys():
        remaining = _estimate(lines, PLAIN_WITHOUT_ODD, default=0.0) - _estimate(
            lines, NO_ODD_NIGHTS, default=0.0
        )
        closer["odd nights"] = distance - abs(remaining)
    most = max(closer, key=lambda reason: closer[reason], default=None)
    return most if most and closer[most] >= LEAST_SHARE * distance else "together"


def _estimate(lines: Mapping[str, Line], name: str, *, default: float) -> float:
    estimate = lines[name].estimate if name in lines else None
    return default if estimate is None else estimate
