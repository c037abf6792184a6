"""The table that the models read: a row for every planned night, and what became of it.

A night is never left out for its outcome: a short night may be the insomnia itself. It is left out when
the plan says so (run-in, washout) or when nothing was recorded, and the ledger names the reason.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd

from n1trial.design.allocation import Admissible
from n1trial.design.outcomes import BAD_NIGHT_MINUTES, BAD_NIGHTS, Outcome
from n1trial.design.protocol import RULE_TODAY, VerdictRule
from n1trial.markup.html_repr import card, line

RESTS_ON = "rests_on"

# How the order of the arms was drawn by lot: within blocks, night by night, or not at all.
type Drawn = Literal["blocks", "coin", "none"]
type Supplement = Literal["glycine", "magnesium"]
# Words beside a substance that say that an arm is without it.
_NOT_IN_IT = re.compile(r"\b(free|without|no|placebo|sham|ohne|sans|sin)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialData:
    """A trial as it is analysed: what was planned, what was measured, and what is left out.

    Attributes
    ----------
    table : DataFrame [night]
        One row a planned night in calendar order: `night` (date of the evening; NaT where a table without dates was
        read), `day` (calendar days since the first row), `arm` ("" on a missing night whose arm is not known), `block`
        and `period` (0: none), one column for every outcome in its unit (NaN: not recorded), `left_out` (reason, or
        empty) and `flags`. From a device also `start` of sleep (ISO text) and `device`. From a diary `taken` (1, 0,
        NaN: not written), `taken_at` ("22:15"), `guess` ("": none), `confidence` (0 to 10), and a number for every
        confounder. A table of means has `rests_on`, the nights that each row is the mean of.
    arms : tuple of str [arm]
        Names of the arms, the reference first.
    reference : str
        The arm that the others are compared with.
    labels : mapping of str to str
        What each arm is called in a report.
    further_contrasts : tuple of (str, str) [contrast]
        Arm and comparator of comparisons beside those with the reference.
    outcomes : tuple of Outcome [outcome]
        What is compared, the primary outcome first.
    rule : VerdictRule
        How an effect becomes a verdict.
    notes : tuple of str [note]
        Sentences that a reader of the answer should see.
    sleep_time : str or None
        The column of minutes asleep, for counts of wakes at equal sleep; None: there is none.
    covariates : tuple of str [covariate]
        Columns of what was written down before the dose and has a value: the confounders, the phase of the protocol's
        cycle as `cycle_sine` and `cycle_cosine`, and a column of 0 and 1 for every word of its roster.
    doses : mapping of str to (float, float)
        Grams of glycine and milligrams of magnesium by arm.
    habits : tuple of str [arm]
        Arms that are something to do and nothing to swallow; there `taken` is whether it was kept to.
    half_lives : mapping of str to float or None
        Nights until half of an arm's effect has built up; None: not known.
    planned : bool
        Whether a protocol fixed the rule before the first night.
    blinded : bool or None
        Whether the arms were hidden from the person; None: not known.
    peeked : bool
        Whether the person saw results or arms before the end.
    sealed : bool
        Whether the arms are letters here, the first the comparator.
    blind_broken : str or None
        How the person came to know what was hidden; None: they did not.
    design : Admissible or None
        The design that the schedule was drawn from; None: not known.
    drawn : "blocks", "coin" or "none"
        How the order of the arms was drawn by lot; with "coin" each night is a period.
    prior_width : float
        Priors of effects are this many times as wide as the models have them.
    bad_night_minutes : int
        A night with less sleep, min, is a bad night.

    Examples
    --------
    `data` is a trial of 42 nights of two arms, none and glycine.

    >>> data.reference, data.contrasts
    ('none', (('glycine', 'none'),))
    """

    table: pd.DataFrame
    arms: tuple[str, ...]
    reference: str
    labels: Mapping[str, str]
    further_contrasts: tuple[tuple[str, str], ...] = ()
    outcomes: tuple[Outcome, ...]
    rule: VerdictRule = RULE_TODAY
    notes: tuple[str, ...] = ()
    sleep_time: str | None = None
    covariates: tuple[str, ...] = ()
    doses: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    habits: tuple[str, ...] = ()
    half_lives: Mapping[str, float | None] = field(default_factory=dict)
    planned: bool = False
    blinded: bool | None = False
    peeked: bool = False
    sealed: bool = False
    blind_broken: str | None = None
    design: Admissible | None = None
    drawn: Drawn = "blocks"
    prior_width: float = 1.0
    bad_night_minutes: int = BAD_NIGHT_MINUTES

    def holds(self, arm: str) -> tuple[Supplement, ...]:
        """Supplements with published trials in an arm: by its doses; by its name where none is known."""
        amounts: dict[Supplement, bool]
        if arm in self.doses:
            glycine_g, magnesium_mg = self.doses[arm]
            amounts = {"magnesium": magnesium_mg > 0, "glycine": glycine_g > 0}
        else:
            named = f"{arm} {self.labels[arm]}".lower()
            with_it = _NOT_IN_IT.search(named) is None
            amounts = {"magnesium": with_it and "magnes" in named, "glycine": with_it and "glycin" in named}
        return tuple(name for name, held in amounts.items() if held)

    def supplement(self, arm: str) -> Supplement | None:
        """What an arm is taken for: magnesium before glycine."""
        return next(iter(self.holds(arm)), None)

    @property
    def treatments(self) -> tuple[str, ...]:
        """Every arm but the reference, in the protocol's order."""
        return tuple(arm for arm in self.arms if arm != self.reference)

    @property
    def contrasts(self) -> tuple[tuple[str, str], ...]:
        """Arm and comparator: every arm against the reference, then the further contrasts."""
        return tuple((arm, self.reference) for arm in self.treatments) + self.further_contrasts

    @property
    def blocks(self) -> int:
        """How many blocks the trial has that are not planned to be left out."""
        counted = (self.table["block"] > 0) & ~self.table["left_out"].isin(PLANNED_OUT)
        return int(self.table.loc[counted, "block"].nunique())

    @property
    def sha256(self) -> str:
        """Fingerprint of what is analysed: shows whether a fit is of these nights."""
        # A night to come counts as one without a record, so that a fit stays valid as days go by.
        table = self.table.assign(left_out=self.table["left_out"].replace(TO_COME, NO_RECORD))
        return hashlib.sha256(table.to_csv().encode() + repr(self.outcomes).encode()).hexdigest()

    def analysed(self, outcome: Outcome) -> pd.DataFrame:
        """Rows that enter the analysis of an outcome: not left out, and recorded.

        Parameters
        ----------
        outcome : Outcome
            One of `outcomes`.

        Returns
        -------
        DataFrame [night]
            Those rows of `table`.
        """
        return self.table[(self.table["left_out"] == "") & self.table[outcome.name].notna()]

    def ledger(self, outcome: Outcome) -> pd.DataFrame:
        """Every planned night and what became of it.

        Parameters
        ----------
        outcome : Outcome
            One of `outcomes`.

        Returns
        -------
        DataFrame [night]
            With `night`, `arm`, `period` and `became`: "analysed", "not recorded" or the reason of `left_out`.
        """
        became = self.table["left_out"].mask(self.table["left_out"] == "", "analysed")
        unrecorded = (became == "analysed") & self.table[outcome.name].isna()
        return self.table[["night", "arm", "period"]].assign(became=became.mask(unrecorded, "not recorded"))

    def __repr__(self) -> str:
        return line("Trial", self._facts())

    def _repr_html_(self) -> str:
        return card("Trial", self._facts(), self.table)

    def _facts(self) -> dict[str, object]:
        kept = {
            f"nights of {outcome.label}": f"{len(self.analysed(outcome))} of {len(self.table)}"
            for outcome in self.outcomes
        }
        return {"arms": ", ".join(self.labels[arm] for arm in self.arms), "blocks": self.blocks, **kept}

    def missing_share(self, outcome: Outcome) -> float:
        """Share of the nights planned for analysis that have no outcome, 0 to 1."""
        planned = self.table[~self.table["left_out"].isin(PLANNED_OUT)]
        return 1 - len(self.analysed(outcome)) / len(planned) if len(planned) else 1.0


NO_RECORD, TO_COME, PAUSED = "no record", "to come", "paused"
AFTER_LOOK = "after the look"
PLANNED_OUT = ("run-in", "washout", PAUSED, "after the stop", AFTER_LOOK, TO_COME)


def bad_nights_of(data: TrialData) -> TrialData:
    """The same trial with bad nights as its outcome: 1 for a night under the limit, 0 for another.

    A night without a sleep time has neither, so the nights of the analysis are those of sleep time.

    Parameters
    ----------
    data : TrialData
        A trial with the column `tst_min`.

    Returns
    -------
    TrialData
        The same nights, with `BAD_NIGHTS` as the only outcome.

    Examples
    --------
    `data` is a trial of 42 nights.

    >>> from n1trial.data.trial_data import bad_nights_of
    >>> bad_nights_of(data).outcomes[0].name
    'bad_nights'
    """
    minutes = data.table["tst_min"]
    bad = (minutes < data.bad_night_minutes).astype(float).where(minutes.notna())
    return replace(
        data, table=data.table.assign(**{BAD_NIGHTS.name: bad}), outcomes=(BAD_NIGHTS,), sleep_time=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeNights:
    """The nights of the same trial under another rule: another window, another definition of the outcome."""

    name: str
    data: TrialData
    outcome: Outcome
