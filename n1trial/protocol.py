"""The plan of a trial, fixed before the first night: arms and doses, design, outcomes, verdict rule.

A protocol is a YAML 1.2 file. The reader refuses unknown keys, so that a misspelt key is never a
default in silence, and computes the glycine and elemental magnesium of every arm.
"""

import hashlib
from dataclasses import replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from n1trial.errors import ProtocolError
from n1trial.outcomes import OUTCOMES, Outcome
from n1trial.substances import MAGNESIUM_LIMIT_MG, MAGNESIUM_LIMIT_SOURCE, SUBSTANCES

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"
# Columns of a trial's table that no confounder may be called.
TAKEN_NAMES = {"night", "day", "arm", "block", "period", "left_out", "flags", "start", "device", *OUTCOMES}


class Part(BaseModel):
    """A piece of the protocol: frozen, and refusing every key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Dose(Part):
    """One substance in one evening's capsules, given as compound or as elemental magnesium."""

    substance: str
    compound_mg: float | None = Field(default=None, gt=0, le=50_000)
    elemental_mg: float | None = Field(default=None, gt=0, le=5_000)

    @model_validator(mode="after")
    def _one_amount_of_a_known_substance(self) -> Self:
        if self.substance not in SUBSTANCES:
            raise ValueError(
                f"no substance is called {self.substance!r}: choose from {', '.join(SUBSTANCES)}"
            )
        if (self.compound_mg is None) == (self.elemental_mg is None):
            raise ValueError("give either compound_mg or elemental_mg")
        if self.elemental_mg is not None and not SUBSTANCES[self.substance].magnesium_per_mole:
            raise ValueError(f"{self.substance} holds no magnesium: give compound_mg")
        return self

    @property
    def compound(self) -> float:
        """Milligrams of compound."""
        if self.compound_mg is not None:
            return self.compound_mg
        return (self.elemental_mg or 0.0) / SUBSTANCES[self.substance].magnesium_share

    @property
    def magnesium_mg(self) -> float:
        """Milligrams of elemental magnesium."""
        return self.compound * SUBSTANCES[self.substance].magnesium_share

    @property
    def glycine_mg(self) -> float:
        """Milligrams of free glycine, that bound to magnesium included."""
        return self.compound * SUBSTANCES[self.substance].glycine_share


class Arm(Part):
    """One condition of the trial."""

    name: str = Field(pattern=NAME_PATTERN)
    label: str = Field(min_length=1, max_length=60)
    doses: tuple[Dose, ...] = ()

    @property
    def magnesium_mg(self) -> float:
        """Milligrams of elemental magnesium an evening."""
        return sum(dose.magnesium_mg for dose in self.doses)

    @property
    def glycine_mg(self) -> float:
        """Milligrams of glycine an evening, that bound to magnesium included."""
        return sum(dose.glycine_mg for dose in self.doses)


class PermutedBlocks(Part):
    """Blocks in which every arm has one period, in an order drawn at random."""

    kind: Literal["permuted-blocks"] = "permuted-blocks"
    run_in_nights: int = Field(default=7, ge=0, le=60)
    blocks: int = Field(ge=1, le=60)
    period_nights: int = Field(ge=1, le=60)
    washout_nights: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _nights_are_left_to_analyse(self) -> Self:
        if self.washout_nights >= self.period_nights:
            raise ValueError(
                f"design.washout_nights is {self.washout_nights} and period_nights {self.period_nights}:"
                " no night is left to analyse"
            )
        return self


class Contrast(Part):
    """A further comparison, arm minus arm, beside every arm minus the reference."""

    arm: str
    minus: str


class PlannedOutcome(Part):
    """An outcome that this trial looks at, and the smallest effect worth having in it."""

    name: str
    primary: bool = False
    mid: float | None = Field(default=None, gt=0)
    source: str | None = None

    @model_validator(mode="after")
    def _outcome_is_known(self) -> Self:
        if self.name not in OUTCOMES:
            raise ValueError(f"no outcome is called {self.name!r}: choose from {', '.join(OUTCOMES)}")
        return self

    @property
    def outcome(self) -> Outcome:
        """The outcome, with this protocol's smallest worthwhile effect."""
        known = OUTCOMES[self.name]
        return replace(known, mid=self.mid or known.mid, source=self.source or known.source)


class VerdictRule(Part):
    """Thresholds of the verdict, first match wins; β is signed so that positive is better.

    The operating characteristics of these defaults are simulated; change them only before the first night.
    """

    worth_it_p_better: float = Field(default=0.96, gt=0.5, lt=1)
    worth_it_p_worthwhile: float = Field(default=0.50, ge=0, lt=1)
    worse_p_worse: float = Field(default=0.95, gt=0.5, lt=1)
    worse_p_much_worse: float = Field(default=0.50, ge=0, lt=1)
    no_difference_p_equivalent: float = Field(default=0.90, gt=0.5, lt=1)
    no_gain_p_worthwhile: float = Field(default=0.10, gt=0, lt=0.5)
    no_gain_sd_ratio: float = Field(default=0.80, gt=0, le=1)


class Dosing(Part):
    """When the evening's capsules are taken."""

    minutes_before_bed: tuple[int, int] = (30, 60)
    note: str = ""


class Protocol(Part):
    """Everything fixed before the first night."""

    name: str = Field(pattern=NAME_PATTERN)
    title: str = Field(min_length=1, max_length=120)
    question: str
    reason: str
    arms: tuple[Arm, ...] = Field(min_length=2, max_length=8)
    reference: str
    further_contrasts: tuple[Contrast, ...] = ()
    design: PermutedBlocks
    dosing: Dosing = Dosing()
    outcomes: tuple[PlannedOutcome, ...] = Field(min_length=1)
    confounders: tuple[str, ...] = ()
    stop_and_ask_a_doctor: tuple[str, ...] = ()
    verdict: VerdictRule = VerdictRule()
    acknowledged_above_limit: str = ""

    @model_validator(mode="after")
    def _arms_and_outcomes_agree(self) -> Self:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError("two arms have the same name: give each its own")
        for arm in (
            self.reference,
            *(name for pair in self.further_contrasts for name in (pair.arm, pair.minus)),
        ):
            if arm not in names:
                raise ValueError(f"no arm is called {arm!r}: choose from {', '.join(names)}")
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
        for each in self.arms:
            if each.magnesium_mg > MAGNESIUM_LIMIT_MG and not self.acknowledged_above_limit:
                raise ValueError(
                    f"arm {each.name} holds {each.magnesium_mg:.0f} mg of elemental magnesium, above the"
                    f" limit of {MAGNESIUM_LIMIT_MG:.0f} mg ({MAGNESIUM_LIMIT_SOURCE}): lower the dose, or"
                    " say in acknowledged_above_limit who agreed to it"
                )
        return self

    @property
    def primary(self) -> Outcome:
        """The outcome that the trial is about."""
        return next(planned.outcome for planned in self.outcomes if planned.primary)

    @property
    def arm_names(self) -> tuple[str, ...]:
        """The arms in the order of the file."""
        return tuple(arm.name for arm in self.arms)

    def arm_named(self, name: str) -> Arm:
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def planned_nights(self) -> int:
        """Nights from the first of the run-in to the last of the last block."""
        design = self.design
        return design.run_in_nights + design.blocks * len(self.arms) * design.period_nights

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the protocol's meaning: comments and the order of keys do not change it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def protocol_dir() -> Path:
    """Folder of the templates: inside the installed package, or beside it in a checkout."""
    inside = Path(str(files("n1trial"))) / "protocols"
    return inside if inside.is_dir() else inside.parents[1] / "protocols"


def template_names() -> list[str]:
    """Names of the protocol templates that ship with n1trial."""
    return sorted(path.stem for path in protocol_dir().glob("*.yaml"))


def protocol_path(source: str | Path) -> Path:
    """Path of a protocol: a template's name, or a YAML file.

    Raises
    ------
    ProtocolError
        No such template or file.
    """
    if str(source) in template_names():
        return protocol_dir() / f"{source}.yaml"
    if not Path(source).is_file():
        known = ", ".join(template_names())
        raise ProtocolError(
            f"{source}: no template or file of that name: choose from {known}, or give a file"
        )
    return Path(source)


def read_protocol(source: str | Path) -> Protocol:
    """Read a protocol: a template's name, or the path of a YAML file.

    Raises
    ------
    ProtocolError
        No such template or file, not YAML, an unknown key, or a trial that should not be run; one line
        for each problem, with the way out.
    """
    path = protocol_path(source)
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProtocolError(
            f"{path.name}, line {line}: not YAML ({error.problem}): correct that line"
        ) from error
    except UnicodeDecodeError as error:
        raise ProtocolError(f"{path.name}: not UTF-8 text: save it as UTF-8") from error
    if not isinstance(document, dict):
        raise ProtocolError(f"{path.name}: no protocol inside: start from a template (n1trial protocols)")
    try:
        return Protocol.model_validate(document)
    except ValidationError as error:
        raise ProtocolError("\n".join(_problems(path.name, error))) from error


def _problems(where: str, error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors():
        key = ".".join(str(step) for step in problem["loc"]) or "protocol"
        if problem["type"] == "extra_forbidden":
            lines.append(f"{where}: {key} is not a key of a protocol: correct its spelling or remove it")
        elif problem["type"] == "missing":
            lines.append(f"{where}: {key} is missing: add it")
        elif problem["type"] == "value_error":
            lines.append(f"{where}: {problem['ctx']['error']}")
        else:
            said = problem["msg"][0].lower() + problem["msg"][1:]
            lines.append(f"{where}: {key} does not fit ({problem['input']!r}): {said}")
    return lines
