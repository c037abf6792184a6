"""The pieces of a protocol beside its arms: design, outcomes, rule of verdicts, planned looks, calendar."""

from dataclasses import replace
from typing import Literal, Self

from pydantic import Field, model_validator

from n1trial.design.allocation import Order
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES, Outcome
from n1trial.design.protocol.arms import Part


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


class FurtherContrast(Part):
    """A further comparison, arm minus arm, beside every arm minus the reference."""

    arm: str
    minus: str

    @property
    def contrast(self) -> Contrast:
        """The two arms."""
        return Contrast(self.arm, self.minus)


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
