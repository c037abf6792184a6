"""Joins the schedule, the recorded nights and the diary to the table that the models read."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from n1trial.data.diary import Diary
from n1trial.data.flags import parse_flags
from n1trial.data.left_out import LeftOut
from n1trial.data.nights import Nights
from n1trial.data.not_used import NotUsed
from n1trial.data.trial_data import TrialData
from n1trial.design.calendar_columns import calendar_columns
from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule
from n1trial.design.substances import unknown_half_life

# The flags that say why a record has no sleep time.
_UNRECORDED: Mapping[str, LeftOut] = {
    NotUsed.NAP_ONLY: LeftOut.NAP_ONLY,
    NotUsed.UNSTAGED: LeftOut.UNSTAGED,
    NotUsed.UNSCORED: LeftOut.UNSCORED,
    NotUsed.IN_BED_ONLY: LeftOut.IN_BED_ONLY,
    NotUsed.NOT_CONFIRMED: LeftOut.NOT_CONFIRMED,
    NotUsed.NO_STAGES: LeftOut.NO_STAGES,
    NotUsed.MANUAL: LeftOut.MANUAL,
    NotUsed.DAMAGED: LeftOut.DAMAGED,
    NotUsed.IMPLAUSIBLE: LeftOut.IMPLAUSIBLE,
    NotUsed.TOO_SHORT: LeftOut.TOO_SHORT,
    NotUsed.SEVERAL_SLEEPS: LeftOut.SEVERAL_SLEEPS,
}


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
        [LeftOut.RUN_IN, LeftOut.WASHOUT, LeftOut.NO_RECORD, flags.map(_unrecorded)],
        default=LeftOut.NO,
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
        further_contrasts=tuple(further.contrast for further in protocol.further_contrasts),
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


def _unrecorded(flags: str) -> LeftOut:
    """Why a night with a record has no sleep time, from the flags of the night."""
    words = (flag.word for flag in parse_flags(flags))
    return next((_UNRECORDED[word] for word in words if word in _UNRECORDED), LeftOut.NO_SLEEP)
