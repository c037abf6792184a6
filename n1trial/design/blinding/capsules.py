"""What goes into look-alike capsules, so that every arm swallows as many of them at the same times."""

import math
from dataclasses import dataclass

from n1trial.design.protocol import Arm, Protocol
from n1trial.markup.text import amount_in_words

PLACEBO = "placebo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """So many capsules of one evening, each with so many milligrams of a substance; 0 mg for placebo."""

    substance: str
    capsules: int
    mg_each: float

    @property
    def in_words(self) -> str:
        """``3 × magnesium bisglycinate 473 mg``."""
        held = f" {amount_in_words(self.mg_each)} mg" if self.mg_each else ""
        return f"{self.capsules} × {self.substance}{held}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The capsules that are taken together, so long before bed."""

    minutes_before_bed: tuple[int, int]
    fills: tuple[Fill, ...]

    @property
    def in_words(self) -> str:
        """``3 × magnesium bisglycinate 473 mg + 2 × placebo``."""
        return " + ".join(fill.in_words for fill in self.fills)

    @property
    def capsules(self) -> int:
        """How many are swallowed."""
        return sum(fill.capsules for fill in self.fills)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """One evening of one arm."""

    arm: str
    servings: tuple[Serving, ...]


def fillings(protocol: Protocol) -> tuple[Filling, ...]:
    """An evening of every arm, double-dummy: the same times, and at each the same number of capsules.

    A dose is split evenly over as few capsules as hold it; placebo makes up what another arm has more.
    """
    times = sorted({protocol.minutes_before_bed(arm) for arm in protocol.arms if arm.doses}, reverse=True)
    own = {(arm.name, when): _fills(protocol, arm, when) for arm in protocol.arms for when in times}
    most = {when: max(_count(own[arm.name, when]) for arm in protocol.arms) for when in times}
    return tuple(
        Filling(
            arm=arm.name,
            servings=tuple(
                Serving(minutes_before_bed=when, fills=_made_up(own[arm.name, when], most[when]))
                for when in times
            ),
        )
        for arm in protocol.arms
    )


def _fills(protocol: Protocol, arm: Arm, when: tuple[int, int]) -> tuple[Fill, ...]:
    if protocol.minutes_before_bed(arm) != when:
        return ()
    fills = []
    for dose in arm.doses:
        if dose.substance == PLACEBO:
            continue
        capsules = math.ceil(dose.compound / protocol.dosing.capsule_holds_mg)
        fills.append(Fill(substance=dose.short_label, capsules=capsules, mg_each=dose.compound / capsules))
    return tuple(fills)


def _count(fills: tuple[Fill, ...]) -> int:
    return sum(fill.capsules for fill in fills)


def _made_up(fills: tuple[Fill, ...], most: int) -> tuple[Fill, ...]:
    missing = most - _count(fills)
    return (*fills, Fill(substance=PLACEBO, capsules=missing, mg_each=0.0)) if missing else fills
