"""The nights of a trial by other rules of assembly, for a sensitivity analysis.

The rule of the trial was fixed before the data; these alternatives show only whether an answer depends on it.
"""

from collections.abc import Iterator
from dataclasses import replace

from n1trial.data.diary import Diary
from n1trial.data.ledger import trace_nights
from n1trial.data.left_out_nights import left_out_like
from n1trial.data.nights import NightRule, Nights, nightly
from n1trial.data.trial_assembly import join_trial
from n1trial.data.trial_data import AlternativeNights
from n1trial.trial_folder.analysis_data import Recorded
from n1trial.trial_folder.store import TrialFolder

LONG_WAKE_MIN = 10.0


def alternative_nights(
    folder: TrialFolder, recorded: Recorded, diary: Diary
) -> tuple[AlternativeNights, ...]:
    """The trial under other windows, and its wake episodes under other definitions.

    Alternatives in which no night differs are left out.
    """
    return tuple(
        AlternativeNights(name=name, data=data, outcome=outcome)
        for name, nights in _other_nights(folder, recorded)
        for joined in (join_trial(folder.schedule, nights, folder.analysis_protocol, diary),)
        for data in (left_out_like(joined, recorded.data),)
        for outcome in data.outcomes
        if not data.table[outcome.name].equals(recorded.data.table[outcome.name])
        and data.table[outcome.name].notna().any()
    )


def recorders(recorded: Recorded) -> tuple[str, ...]:
    """Every device and way of scoring that recorded nights of the trial, in order of the nights."""
    planned = set(recorded.data.table["night"].dt.date)
    mains = [
        night.main
        for night in trace_nights(recorded.by_device[recorded.used])
        if night.main is not None and night.night in planned
    ]
    named = (main.device or main.source for main in mains)
    return tuple(
        dict.fromkeys(
            f"{name}, algorithm {main.algorithm}" if main.algorithm else name
            for name, main in zip(named, mains, strict=True)
        )
    )


def _other_nights(folder: TrialFolder, recorded: Recorded) -> Iterator[tuple[str, Nights]]:
    episodes = recorded.by_device[recorded.used]
    yield "longest record alone", nightly(episodes, window="main")
    yield "naps too", nightly(episodes, window="day24")
    every_length = {
        planned.name: planned.outcome.measure.of_any_length
        for planned in folder.protocol.outcomes
        if planned.outcome.measure.of_any_length
    }
    if every_length:
        rule = replace(NightRule(), wake_episode_min=LONG_WAKE_MIN)
        yield f"wakes of {LONG_WAKE_MIN:g} min or more", nightly(episodes, rule=rule)
        every = nightly(episodes).table
        of_any_length = {name: every[column] for name, column in every_length.items()}
        yield "wakes of any length", Nights(every.assign(**of_any_length))
