"""The plan of a trial, fixed before the first night.

A protocol is a YAML 1.2 file. The reader refuses unknown keys, so that a misspelt key is never a
default in silence, and computes the glycine and elemental magnesium of every arm.
"""

import hashlib
from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from n1trial.design.allocation import Admissible
from n1trial.design.outcomes import BAD_NIGHT_MINUTES, BAD_NIGHTS, OUTCOMES, Outcome
from n1trial.design.protocol.arms import NAME_PATTERN, Arm, Dosing, Part
from n1trial.design.protocol.parts import (
    Cycle,
    FurtherContrast,
    Looks,
    PermutedBlocks,
    PlannedOutcome,
    Roster,
    VerdictRule,
)
from n1trial.design.substances import MAGNESIUM_LIMIT_MG, MAGNESIUM_LIMIT_SOURCE
from n1trial.markup.html_repr import card
from n1trial.markup.text import amount_in_words

# Columns of a trial's table that no confounder may be called.
TAKEN_NAMES = {
    *("night", "day", "arm", "block", "period", "left_out", "flags", "start", "device"),
    *OUTCOMES,
    BAD_NIGHTS.name,
}


class Protocol(Part):
    """Everything fixed before the first night.

    Attributes
    ----------
    name : str
        Small letters, digits and hyphens, at most 40.
    title : str
        One line, at most 120 characters.
    question : str
        What the trial is to answer.
    reason : str
        Why it is worth asking, with sources.
    arms : tuple of Arm
        2 to 8 conditions, each with doses or an instruction.
    reference : str
        Name of the arm that every other is compared with.
    further_contrasts : tuple of FurtherContrast
        Comparisons, arm minus arm, beside those with the reference.
    design : PermutedBlocks
        Nights of run-in, number of blocks, nights a period, washout, order.
    dosing : Dosing
        Minutes before bed, a note for every evening, milligrams that one capsule holds.
    outcomes : tuple of PlannedOutcome
        What is analysed, exactly one of it primary, with smallest worthwhile effects.
    bad_night_minutes : int
        Minutes, 60 to 480: a night with less sleep is a bad night.
    confounders : tuple of str
        Columns of the diary that are written down before the dose.
    cycle : Cycle or None
        A cycle that sleep may follow, such as the menstrual one.
    roster : Roster or None
        Shifts, one word an evening in the diary.
    stop_and_ask_a_doctor : tuple of str
        Warnings, one line each.
    verdict : VerdictRule
        Thresholds of the verdict.
    looks : Looks or None
        Interim analyses at block ends, and the rule for stopping.
    acknowledged_above_limit : str
        Who agreed to more magnesium than the limit; empty where no arm is above it.

    Examples
    --------
    >>> from n1trial import read_protocol
    >>> protocol = read_protocol("glycine-vs-magnesium-glycinate")
    >>> protocol.arm_names
    ('none', 'glycine', 'magnesium-glycinate')
    >>> protocol.planned_nights, protocol.primary.name
    (133, 'tst_min')
    """

    name: str = Field(pattern=NAME_PATTERN)
    title: str = Field(min_length=1, max_length=120)
    question: str
    reason: str
    arms: tuple[Arm, ...] = Field(min_length=2, max_length=8)
    reference: str
    further_contrasts: tuple[FurtherContrast, ...] = ()
    design: PermutedBlocks
    dosing: Dosing = Dosing()
    outcomes: tuple[PlannedOutcome, ...] = Field(min_length=1)
    bad_night_minutes: int = Field(
        default=BAD_NIGHT_MINUTES,
        ge=60,
        le=480,
        exclude_if=lambda minutes: minutes == BAD_NIGHT_MINUTES,
        description="A night with less sleep than this is a bad night.",
    )
    confounders: tuple[str, ...] = ()
    cycle: Cycle | None = Field(
        default=None,
        exclude_if=lambda cycle: cycle is None,
        description="A cycle that sleep may follow, such as the menstrual one of 28 days.",
    )
    roster: Roster | None = Field(
        default=None,
        exclude_if=lambda roster: roster is None,
        description="Shifts, one word an evening in the diary.",
    )
    stop_and_ask_a_doctor: tuple[str, ...] = ()
    verdict: VerdictRule = VerdictRule()
    looks: Looks | None = Field(default=None, exclude_if=lambda looks: looks is None)
    acknowledged_above_limit: str = ""

    @model_validator(mode="after")
    def _arms_and_outcomes_agree(self) -> Self:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError("two arms have the same name: give each its own")
        for named in (
            self.reference,
            *(name for pair in self.further_contrasts for name in (pair.arm, pair.minus)),
        ):
            if named not in names:
                raise ValueError(f"no arm is called {named!r}: choose from {', '.join(names)}")
        if sum(planned.primary for planned in self.outcomes) != 1:
            raise ValueError("exactly one outcome is primary: mark it with primary: true")
        outcomes = [planned.outcome.name for planned in self.outcomes]
        if len(set(outcomes)) < len(outcomes):
            raise ValueError("one outcome stands twice: keep one line for it")
        for name in self.confounders:
            if name in TAKEN_NAMES:
                raise ValueError(
                    f"confounder {name!r} is a column of the trial already: give it another name"
                )
        for key, name in self.calendar_columns.items():
            if name in TAKEN_NAMES or [*self.confounders, *self.calendar_columns.values()].count(name) > 1:
                raise ValueError(f"{key}: {name!r} is a column already: give it another name")
        for arm in self.arms:
            if arm.magnesium_mg > MAGNESIUM_LIMIT_MG and not self.acknowledged_above_limit:
                raise ValueError(
                    f"arm {arm.name} holds {amount_in_words(arm.magnesium_mg)} mg of elemental magnesium, above the"
                    f" limit of {MAGNESIUM_LIMIT_MG:.0f} mg ({MAGNESIUM_LIMIT_SOURCE}): lower the dose, or"
                    " say in acknowledged_above_limit who agreed to it"
                )
        return self

    @model_validator(mode="after")
    def _a_schedule_can_be_drawn(self) -> Self:
        design, names = self.design, self.arm_names
        for name in (name for pair in design.never for name in (pair.arm, pair.after)):
            if name not in names:
                raise ValueError(f"design.never: no arm is called {name!r}: choose from {', '.join(names)}")
        if design.never and design.order not in ("any", "no-repeat"):
            raise ValueError(f"design.never does not go with order {design.order}: remove one of them")
        cycle = self.admissible.cycle
        if design.blocks % cycle:
            raise ValueError(
                f"design.blocks is {design.blocks}: order {design.order} of {len(names)} arms needs a multiple"
                f" of {cycle}"
            )
        if self.admissible.size == 0:
            raise ValueError("design: no schedule keeps design.never: remove a pair, or take fewer blocks")
        if self.looks and self.looks.after_blocks[-1] >= design.blocks:
            raise ValueError(
                f"looks.after_blocks: {self.looks.after_blocks[-1]} is not before the end of {design.blocks}"
                " blocks: leave it out"
            )
        return self

    @property
    def admissible(self) -> Admissible:
        """The schedules that the design may draw."""
        return Admissible(
            arms=self.arm_names,
            blocks=self.design.blocks,
            order=self.design.order,
            never=tuple((pair.arm, pair.after) for pair in self.design.never),
        )

    @property
    def primary(self) -> Outcome:
        """The outcome that the trial is about."""
        return next(planned.outcome for planned in self.outcomes if planned.primary)

    @property
    def arm_names(self) -> tuple[str, ...]:
        """The arms in the order of the file."""
        return tuple(arm.name for arm in self.arms)

    @property
    def calendar_columns(self) -> dict[str, str]:
        """Columns of the diary that cycle and roster ask for, by their keys."""
        return {
            **({"cycle.marks": self.cycle.marks} if self.cycle else {}),
            **({"roster.column": self.roster.column} if self.roster else {}),
        }

    @property
    def habit(self) -> bool:
        """Whether nothing is swallowed in any arm: a habit is what is tried."""
        return not any(arm.doses for arm in self.arms)

    def arm_named(self, name: str) -> Arm:
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)

    def minutes_before_bed(self, arm: Arm) -> tuple[int, int]:
        """When an arm's doses are taken."""
        return arm.minutes_before_bed or self.dosing.minutes_before_bed

    @property
    def planned_nights(self) -> int:
        """Nights from the first of the run-in to the last of the last block."""
        design = self.design
        return design.run_in_nights + design.blocks * len(self.arms) * design.period_nights

    def _repr_html_(self) -> str:
        arms = {
            arm.label: "; ".join(
                [*(f"{dose.compound_in_words} mg {dose.label}" for dose in arm.doses), *arm.contents]
            )
            or arm.instruction
            or "nothing"
            for arm in self.arms
        }
        facts = {"nights": self.planned_nights, "reference": self.reference, "primary": self.primary.label}
        return card(self.title, facts | arms)

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the protocol's meaning: comments and the order of keys do not change it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
