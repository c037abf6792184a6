"""The table that the models read: a row for every planned night, and what became of it.

A night is never left out for its outcome: a short night may be the insomnia itself. It is left out when
the plan says so (run-in, washout) or when nothing was recorded, and the ledger names the reason.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from n1trial.data.diary import Diary
from n1trial.data.nights import Nights
from n1trial.design.allocation import Admissible
from n1trial.design.calendar_columns import calendar_columns
from n1trial.design.outcomes import BAD_NIGHT_MINUTES, BAD_NIGHTS, Outcome
from n1trial.design.protocol import RULE_TODAY, Protocol, VerdictRule
from n1trial.design.schedule import Schedule
from n1trial.design.substances import unknown_half_life
from n1trial.markup.html_repr import card, line

RESTS_ON = "rests_on"

# How the order of the arms was drawn by lot: within blocks, night by night, or not at all.
type Drawn = Literal["blocks", "coin", "none"]


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
    ((('glycine', 'none'),), 42)
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
        """Fingerprint of what is analysed: tells whether a fit is of these nights."""
        # A night to come is one without a record: a fit does not grow old because days go by.
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


def join_trial(
    schedule: Schedule, nights: Nights, protocol: Protocol, diary: Diary | None = None
) -> TrialData:
    """Join the schedule with the recorded nights and the diary by the date of the evening.

    Nights recorded outside the schedule are counted in `notes`, not analysed.

    Parameters
    ----------
    schedule : Schedule
        The planned nights and their arms.
    nights : Nights
        The recorded nights of one device.
    protocol : Protocol
        Arms, outcomes, confounders and rule of the trial.
    diary : Diary or None
        What the person wrote; None: there is no diary.

    Returns
    -------
    TrialData
        One row a planned night, recorded or not.

    Examples
    --------
    >>> from n1trial import join_trial, nightly, randomise, read_protocol
    >>> protocol = read_protocol("glycine-vs-magnesium-glycinate")
    >>> schedule = randomise(protocol, start="2026-01-31", seed="1f" * 32)
    >>> trial = join_trial(schedule, nightly([]), protocol)
    >>> len(trial.table) == len(schedule.table), trial.missing_share(trial.outcomes[0])
    (True, 1.0)
    """
    recorded = nights.table.assign(night=pd.to_datetime(nights.table["night"]).dt.as_unit("s"))
    ordered = sorted(protocol.outcomes, key=lambda planned: not planned.primary)
    outcomes = tuple(planned.outcome for planned in ordered)
    columns = list(dict.fromkeys([*(outcome.name for outcome in outcomes), "tst_min"]))
    table = schedule.table.merge(
        recorded[["night", "flags", "start", "device", *columns]], on="night", how="left"
    )
    table[columns] = table[columns].astype(float)
    flags = table["flags"].fillna("")
    nothing = table[columns].isna().all(axis=1)
    table["left_out"] = np.select(
        [table["phase"] == "run-in", table["washout"], nothing & (flags == ""), nothing],
        ["run-in", "washout", NO_RECORD, "missing: " + flags.map(_missing_reason)],
        default="",
    )
    table["flags"] = flags
    table["day"] = (table["night"] - table["night"].iloc[0]).dt.days
    outside = ~recorded["night"].isin(table["night"]) & recorded["tst_min"].notna()
    notes = (
        (f"{int(outside.sum())} recorded nights lie outside the trial and are not used",)
        if outside.any()
        else ()
    )
    unknown = tuple(unknown_half_life(arm.label) for arm in protocol.arms if arm.build_up_nights is None)
    written = _written(table["night"], diary, protocol)
    calendar, unmarked = (
        (pd.DataFrame(index=table.index), ())
        if diary is None
        else calendar_columns(_evenings(table["night"], diary).reset_index(), protocol)
    )
    kept = ["night", "day", "arm", "block", "period", *columns, "left_out", "flags", "start", "device"]
    return TrialData(
        table=pd.concat([table[kept], written, calendar], axis=1),
        arms=(protocol.reference, *(arm for arm in protocol.arm_names if arm != protocol.reference)),
        reference=protocol.reference,
        labels={arm.name: arm.label for arm in protocol.arms},
        further_contrasts=tuple((pair.arm, pair.minus) for pair in protocol.further_contrasts),
        outcomes=outcomes,
        rule=protocol.verdict,
        notes=notes + unknown + unmarked,
        sleep_time="tst_min",
        design=protocol.admissible,
        covariates=(
            *(name for name in protocol.confounders if name in written and written[name].notna().any()),
            *calendar,
        ),
        doses={arm.name: (arm.glycine_mg / 1000.0, arm.magnesium_mg) for arm in protocol.arms},
        habits=tuple(arm.name for arm in protocol.arms if arm.habit),
        half_lives={arm.name: arm.build_up_nights for arm in protocol.arms},
        planned=True,
        bad_night_minutes=protocol.bad_night_minutes,
    )


def _written(planned: pd.Series, diary: Diary | None, protocol: Protocol) -> pd.DataFrame:
    """What the diary says of every planned night; no column where there is no diary."""
    if diary is None:
        return pd.DataFrame(index=planned.index)
    names = ["taken", "taken_at", "guess", "confidence", *protocol.confounders]
    written = _evenings(planned, diary).reindex(columns=names).set_axis(planned.index)
    text = {name: written[name].astype("object").fillna("").astype("str") for name in ("taken_at", "guess")}
    numbers = written.drop(columns=list(text)).astype("Float64").astype(float)
    return numbers.assign(**text)[names]


def _evenings(planned: pd.Series, diary: Diary) -> pd.DataFrame:
    """The diary's line of every planned night."""
    nights = pd.to_datetime(diary.table["night"]).dt.as_unit("s")
    return diary.table.assign(night=nights).set_index("night").reindex(index=planned)


def _missing_reason(flags: str) -> str:
    known = ("nap_only", "unstaged", "unscored", "in_bed_only", "not_confirmed", "no_stages", "manual")
    return next(
        (flag.replace("_", " ") for flag in flags.split(";") if flag in known), "no sleep in the record"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeNights:
    """The nights of the same trial under another rule: another window, another definition of the outcome."""

    name: str
    data: TrialData
    outcome: Outcome
