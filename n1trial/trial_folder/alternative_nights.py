"""The nights of a trial by other rules of assembly, for a sensitivity analysis.

The rule of the trial was fixed before the data; these alternatives show only whether an answer depends on it.
"""

from collections.abc import Iterator
from dataclasses import replace

from n1trial.data.left_out_nights import left_out_like
from n1trial.data.nights import NightRule, Nights, nightly
from n1trial.data.trial_assembly import join_trial
from n1trial.data.trial_data import AlternativeNights
from n1trial.trial_folder.snapshot import TrialSnapshot

LONG_WAKE_MIN = 10.0


def alternative_nights(trial: TrialSnapshot) -> tuple[AlternativeNights, ...]:
    """The trial under other windows, and its wake episodes under other definitions.

    Alternatives in which no night differs are left out.
    """
    return tuple(
        AlternativeNights(name=name, data=data, outcome=outcome)
        for name, nights in _other_nights(trial)
        for joined in (join_trial(trial.schedule, nights, trial.folder.analysis_protocol, trial.diary),)
        for data in (left_out_like(joined, trial.data),)
        for outcome in data.outcomes
        if not data.table[outcome.name].equals(trial.data.table[outcome.name])
        and data.table[outcome.name].notna().any()
    )


def recorders(trial: TrialSnapshot) -> tuple[str, ...]:
    """Every device and way of scoring that recorded nights of the trial, in order of the nights."""
    mains = [night.main for night in trial.traced_in_trial if night.main is not None]
    named = (main.device or main.source for main in mains)
    return tuple(
        dict.fromkeys(
            f"{name}, algorithm {main.algorithm}" if main.algorithm else name
            for name, main in zip(named, mains, strict=True)
        )
    )


def _other_nights(trial: TrialSnapshot) -> Iterator[tuple[str, Nights]]:
    episodes = trial.episodes[trial.device]
    yield "longest record alone", nightly(episodes, window="main")
    yield "naps too", nightly(episodes, window="day24")
    every_length = {
        planned.name: planned.outcome.measure.of_any_length
        for planned in trial.protocol.outcomes
        if planned.outcome.measure.of_any_length
    }
    if every_length:
        rule = replace(NightRule(), wake_episode_min=LONG_WAKE_MIN)
        yield f"wakes of {LONG_WAKE_MIN:g} min or more", nightly(episodes, rule=rule)
        every = trial.nights[trial.device].table
        of_any_length = {name: every[column] for name, column in every_length.items()}
        yield "wakes of any length", Nights(every.assign(**of_any_length))
