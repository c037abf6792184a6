"""The one table that models read: a row for every planned night, and the ledger of what became of it.

A night is never left out for its outcome: a short night may be the insomnia itself. It is left out when
the plan says so (run-in, washout) or when nothing was recorded, and the ledger names the reason.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from n1trial.allocation import Admissible
from n1trial.diary import Diary
from n1trial.nights import Nights
from n1trial.outcomes import Outcome
from n1trial.protocol import Protocol, VerdictRule
from n1trial.schedule import Schedule
from n1trial.show import card

RESTS_ON = "rests_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialData:
    """A trial, joined: what was planned, what was measured, and what is left out.

    `table` has one row a planned night in calendar order: `night` (evening date; NaT where a table of one's
    own gives none), `day` (calendar days since the first row), `arm`, `block` and `period` (0: none),
    one column for every outcome (NaN: not recorded), `left_out` (reason, or empty) and `flags`; from a
    device also `start` of sleep (ISO text) and `device`; from a diary `taken` (1, 0, NaN: not written),
    `taken_at` ("22:15"), `guess` ("" : none), `confidence` (0 to 10), and a number for every confounder.
    A table of means has `rests_on`, the nights that each row is the mean of.
    `covariates` names the confounders, written down before the dose, of which any value is there.
    `blinded` is None where nobody said. While `sealed` the arms are letters, the first the comparator;
    `blind_broken` says how the person came to know what was hidden. `design` is what the schedule was
    drawn from, None where unknown.
    """

    table: pd.DataFrame
    arms: tuple[str, ...]
    reference: str
    labels: Mapping[str, str]
    further_contrasts: tuple[tuple[str, str], ...] = ()
    outcomes: tuple[Outcome, ...]
    rule: VerdictRule = field(default_factory=VerdictRule)
    notes: tuple[str, ...] = ()
    sleep_time: str | None = None
    covariates: tuple[str, ...] = ()
    doses: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    blinded: bool | None = False
    peeked: bool = False
    sealed: bool = False
    blind_broken: str | None = None
    design: Admissible | None = None

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
        return hashlib.sha256(self.table.to_csv().encode() + repr(self.outcomes).encode()).hexdigest()

    def analysed(self, outcome: Outcome) -> pd.DataFrame:
        """Rows that enter the analysis of an outcome: not left out, and recorded."""
        return self.table[(self.table["left_out"] == "") & self.table[outcome.name].notna()]

    def ledger(self, outcome: Outcome) -> pd.DataFrame:
        """Every planned night and what became of it: `night`, `arm`, `period`, `became`."""
        became = self.table["left_out"].mask(self.table["left_out"] == "", "analysed")
        unrecorded = (became == "analysed") & self.table[outcome.name].isna()
        return self.table[["night", "arm", "period"]].assign(became=became.mask(unrecorded, "not recorded"))

    def _repr_html_(self) -> str:
        kept = {
            f"nights of {outcome.label}": f"{len(self.analysed(outcome))} of {len(self.table)}"
            for outcome in self.outcomes
        }
        arms = ", ".join(self.labels[arm] for arm in self.arms)
        return card("Trial", {"arms": arms, "blocks": self.blocks, **kept}, self.table)

    def missing_share(self, outcome: Outcome) -> float:
        """Share of the nights planned for analysis that have no outcome, 0 to 1."""
        planned = self.table[~self.table["left_out"].isin(PLANNED_OUT)]
        return 1 - len(self.analysed(outcome)) / len(planned) if len(planned) else 1.0


PLANNED_OUT = ("run-in", "washout", "after the stop", "after the look")


def without_nights_after(data: TrialData, last: pd.Timestamp, reason: str) -> TrialData:
    """The trial with every night after this one left out for a reason."""
    later = (data.table["night"] > last) & (data.table["left_out"] != "run-in")
    return replace(data, table=data.table.assign(left_out=data.table["left_out"].mask(later, reason)))


def left_out_like(data: TrialData, other: TrialData) -> TrialData:
    """The trial with the nights left out that another reading of the same nights is planned to leave out."""
    planned = other.table["left_out"]
    return replace(
        data,
        table=data.table.assign(left_out=data.table["left_out"].mask(planned.isin(PLANNED_OUT), planned)),
    )


def join_trial(
    schedule: Schedule, nights: Nights, protocol: Protocol, diary: Diary | None = None
) -> TrialData:
    """Join the schedule with the recorded nights and the diary, night by evening date.

    Nights recorded outside the schedule are counted in `notes`, not analysed.
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
        ["run-in", "washout", "no record", "missing: " + flags.map(_missing_reason)],
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
    written = _written(table["night"], diary, protocol)
    kept = ["night", "day", "arm", "block", "period", *columns, "left_out", "flags", "start", "device"]
    return TrialData(
        table=pd.concat([table[kept], written], axis=1),
        arms=(protocol.reference, *(arm for arm in protocol.arm_names if arm != protocol.reference)),
        reference=protocol.reference,
        labels={arm.name: arm.label for arm in protocol.arms},
        further_contrasts=tuple((pair.arm, pair.minus) for pair in protocol.further_contrasts),
        outcomes=outcomes,
        rule=protocol.verdict,
        notes=notes,
        sleep_time="tst_min",
        design=protocol.admissible,
        covariates=tuple(
            name for name in protocol.confounders if name in written and written[name].notna().any()
        ),
        doses={arm.name: (arm.glycine_mg / 1000.0, arm.magnesium_mg) for arm in protocol.arms},
    )


def _written(planned: pd.Series, diary: Diary | None, protocol: Protocol) -> pd.DataFrame:
    """What the diary says of every planned night; no column where there is no diary."""
    if diary is None:
        return pd.DataFrame(index=planned.index)
    names = ["taken", "taken_at", "guess", "confidence", *protocol.confounders]
    evenings = diary.table.assign(night=pd.to_datetime(diary.table["night"]).dt.as_unit("s")).set_index(
        "night"
    )
    written = evenings.reindex(index=planned, columns=names).set_axis(planned.index)
    text = {name: written[name].astype("object").fillna("").astype("str") for name in ("taken_at", "guess")}
    numbers = written.drop(columns=list(text)).astype("Float64").astype(float)
    return numbers.assign(**text)[names]


def _missing_reason(flags: str) -> str:
    known = ("nap_only", "unstaged", "unscored", "in_bed_only", "not_confirmed", "no_stages", "manual")
    return next(
        (flag.replace("_", " ") for flag in flags.split(";") if flag in known), "no sleep in the record"
    )
