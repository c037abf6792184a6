"""The pieces of a protocol: doses, arms, design, outcomes, verdict rule, planned looks.

A key that was added after the first trials began is left out of the fingerprint while it has its default, so
that older folders still open.
"""

from dataclasses import replace
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from n1trial.design.allocation import Order
from n1trial.design.outcomes import OUTCOMES, Outcome
from n1trial.design.substances import OWN_SUBSTANCE, SUBSTANCES
from n1trial.markup.text import amount_in_words, as_written

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"


class Part(BaseModel):
    """A piece of the protocol: frozen, and refusing every key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Dose(Part):
    """One substance in one evening's capsules, given as compound or as elemental magnesium."""

    substance: str
    name: str = Field(
        default="",
        max_length=40,
        exclude_if=lambda name: not name,
        description="What a substance of your own is called, with substance: other; such as melatonin.",
    )
    compound_mg: float | None = Field(default=None, gt=0, le=50_000)
    elemental_mg: float | None = Field(default=None, gt=0, le=5_000)
    half_life_nights: float | None = Field(
        default=None,
        ge=0,
        le=60,
        exclude_if=lambda nights: nights is None,
        description="Nights until half of its effect has built up, where you know better; 0: it acts within hours.",
    )

    @model_validator(mode="after")
    def _one_amount_of_a_known_substance(self) -> Self:
        if self.substance not in SUBSTANCES:
            raise ValueError(
                f"no substance is called {self.substance!r}: choose from {', '.join(SUBSTANCES)}"
            )
        if self.name and self.substance != OWN_SUBSTANCE:
            raise ValueError(
                f"{self.substance} has its name: leave out name ({self.name}), or write substance: other"
            )
        if (self.compound_mg is None) == (self.elemental_mg is None):
            raise ValueError("give either compound_mg or elemental_mg")
        if self.elemental_mg is not None and not SUBSTANCES[self.substance].magnesium_per_mole:
            raise ValueError(f"{self.substance} holds no magnesium: give compound_mg")
        return self

    @property
    def label(self) -> str:
        """What is in it, in words."""
        return self.name or SUBSTANCES[self.substance].label

    @property
    def short_label(self) -> str:
        """What is in it, without the second name that a substance has in brackets."""
        return self.name or SUBSTANCES[self.substance].label.partition(" (")[0]

    @property
    def compound_in_words(self) -> str:
        """Milligrams of compound: as a person wrote them, else as they were computed."""
        return as_written(self.compound) if self.elemental_mg is None else amount_in_words(self.compound)

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

    @property
    def build_up_nights(self) -> float | None:
        """Nights until half of a steady effect has built up; None: nothing is known of it."""
        stated = self.half_life_nights
        return SUBSTANCES[self.substance].half_life_nights if stated is None else stated


class Arm(Part):
    """One condition of the trial."""

    name: str = Field(pattern=NAME_PATTERN)
    label: str = Field(min_length=1, max_length=60)
    doses: tuple[Dose, ...] = ()
    instruction: str = Field(
        default="",
        max_length=200,
        exclude_if=lambda said: not said,
        description="What to do beside the doses.",
    )
    minutes_before_bed: tuple[int, int] | None = Field(
        default=None,
        exclude_if=lambda times: times is None,
        description="Where this arm has a time of its own.",
    )
    half_life_nights: float | None = Field(
        default=None,
        ge=0,
        le=60,
        exclude_if=lambda nights: nights is None,
        description="Nights until half of what this arm does has built up; 0: it acts and fades within a day.",
    )

    @property
    def build_up_nights(self) -> float | None:
        """Nights until half of its effect has built up: as stated, or of its slowest dose; None: not known.

        Where nothing is swallowed and nothing stated, it acts and fades within a day.
        """
        if self.half_life_nights is not None:
            return self.half_life_nights
        doses = [dose.build_up_nights for dose in self.doses]
        slowest = max((nights for nights in doses if nights is not None), default=0.0)
        return None if None in doses and not slowest else slowest

    @property
    def habit(self) -> bool:
        """Whether it is something to do and nothing to swallow: "taken" then says whether it was kept to."""
        return bool(self.instruction) and not self.doses

    @property
    def magnesium_mg(self) -> float:
        """Milligrams of elemental magnesium an evening."""
        return sum(dose.magnesium_mg for dose in self.doses)

    @property
    def glycine_mg(self) -> float:
        """Milligrams of glycine an evening, that bound to magnesium included."""
        return sum(dose.glycine_mg for dose in self.doses)

    @property
    def contents(self) -> tuple[str, ...]:
        """Glycine and elemental magnesium an evening in words, each only where the arm holds some."""
        held = {"glycine": self.glycine_mg, "elemental magnesium": self.magnesium_mg}
        return tuple(f"{name} {amount_in_words(mg)} mg" for name, mg in held.items() if mg)


class Follows(Part):
    """A custom restriction: this arm never directly after that one."""

    arm: str
    after: str


class PermutedBlocks(Part):
    """Blocks in which every arm has one period, in an order drawn at random.

    One night a period is nightly randomisation. `order` and `never` restrict what may be drawn; see
    `allocation.Admissible`, and what it costs with ``n1trial protocols NAME``.
    """

    kind: Literal["permuted-blocks"] = "permuted-blocks"
    run_in_nights: int = Field(default=7, ge=0, le=60)
    blocks: int = Field(ge=1, le=60)
    period_nights: int = Field(ge=1, le=60)
    washout_nights: int = Field(default=0, ge=0)
    order: Order = Field(default="any", exclude_if=lambda order: order == "any")
    never: tuple[Follows, ...] = Field(default=(), exclude_if=lambda pairs: not pairs)

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
    `no_gain_sd_ratio` is the largest posterior SD, in prior SDs, at which either verdict of "no" is given, and
    `no_p_nights_alone` the largest chance of a worthwhile change that the nights may leave to it without the prior.
    """

    worth_it_p_better: float = Field(default=0.96, gt=0.5, lt=1)
    worth_it_p_worthwhile: float = Field(default=0.50, ge=0, lt=1)
    worse_p_worse: float = Field(default=0.95, gt=0.5, lt=1)
    worse_p_much_worse: float = Field(default=0.50, ge=0, lt=1)
    no_difference_p_equivalent: float = Field(default=0.90, gt=0.5, lt=1)
    no_gain_p_worthwhile: float = Field(default=0.10, gt=0, lt=0.5)
    no_gain_sd_ratio: float = Field(default=0.80, gt=0, le=1)
    # Not there in protocols of the first release, whose fingerprint must stay.
    no_p_nights_alone: float = Field(default=0.05, gt=0, lt=0.5, exclude_if=lambda p: p == 0.05)


# Of tables without a protocol, and what the templates say. The first release had .95: with weekly shocks or a monthly
# cycle that announced "worse" in more than one trial of twenty in which nothing acts.
RULE_TODAY = VerdictRule(worse_p_worse=0.97)


class Dosing(Part):
    """When the evening's capsules are taken, and how much one holds when somebody fills them to keep a blind.

    A capsule of size 00 has 0.91 mL, about 700 mg of a powder of 0.8 g/mL.
    """

    minutes_before_bed: tuple[int, int] = (30, 60)
    note: str = ""
    capsule_holds_mg: float = Field(default=700, gt=0, le=2000, exclude_if=lambda mg: mg == 700)


COLUMN_PATTERN = r"^[a-z][a-z0-9_]{0,29}$"


class Cycle(Part):
    """A cycle that sleep may follow, such as the menstrual one: its length, and where its first days are marked.

    `marks` is a column of the diary, "yes" on the first day of every cycle.
    """

    length_days: float = Field(default=28, ge=3, le=366)
    marks: str = Field(default="first_day_of_cycle", pattern=COLUMN_PATTERN)


class Roster(Part):
    """Shifts: the column of the diary that names the coming one, and the words that may stand in it."""

    column: str = Field(default="shift", pattern=COLUMN_PATTERN)
    words: tuple[str, ...] = Field(default=("early", "late", "night", "free"), min_length=2, max_length=8)

    @model_validator(mode="after")
    def _words_differ(self) -> Self:
        if not all(0 < len(word) <= 20 for word in self.words):
            raise ValueError("roster.words: give each shift a word of 1 to 20 letters")
        if len({word.lower() for word in self.words}) < len(self.words):
            raise ValueError(f"roster.words: a word stands twice ({', '.join(self.words)}): keep one")
        return self


class Looks(Part):
    """Looks at the results before the end, at block ends, under a rule fixed in advance.

    ``precise`` stops when the posterior SD of every pair of arms in the primary outcome is at most
    `sd_at_most`; it does not ask which arm leads, so it keeps a blind and raises no false alarms.
    ``decided`` stops when no arm's verdict is "can't tell yet".
    """

    after_blocks: tuple[int, ...] = Field(min_length=1)
    stop_when: Literal["precise", "decided"] = "precise"
    sd_at_most: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _rule_is_whole(self) -> Self:
        if list(self.after_blocks) != sorted(set(self.after_blocks)):
            raise ValueError("looks.after_blocks: not in rising order: write as [3, 4, 5]")
        if not all(3 <= block <= 8 for block in self.after_blocks):
            raise ValueError(
                f"looks.after_blocks: {list(self.after_blocks)}: looks are from block 3 to block 8, choose there"
            )
        if (self.stop_when == "precise") != (self.sd_at_most is not None):
            raise ValueError(
                "looks.sd_at_most: belongs to stop_when: precise, in the primary outcome's unit: add or remove it"
            )
        return self
