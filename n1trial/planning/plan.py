"""The plan of a trial: its operating characteristics, alternative designs and supplies, before night 1."""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pandas as pd

from n1trial.data.nights import Nights
from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule
from n1trial.errors import FolderError, ProtocolError
from n1trial.planning.alternative_designs import alternatives_to, yaml_of
from n1trial.planning.carryover import HALF_LIVES_NIGHTS, SlowArm, recovered_share, slow_arms
from n1trial.planning.count_operating_characteristics import possible_gains
from n1trial.planning.design_simulation import DesignCharacteristics, SimulatedDesign, simulate_designs
from n1trial.planning.night_variability import NightVariability, estimate_night_variability
from n1trial.planning.operating_characteristics import (
    VERDICTS,
    planned_looks,
)
from n1trial.planning.simulated_nights import draw_schedules
from n1trial.planning.supplies import ArmCost, arm_costs
from n1trial.system.files import write_whole
from n1trial.system.parallel import OnDone

TRIALS, ALTERNATIVE_TRIALS, SCHEDULES, ALTERNATIVE_SCHEDULES = 500, 150, 100, 25
# The simulation of a trial of counts takes some thirty times as long.
COUNT_TRIALS, COUNT_ALTERNATIVE_TRIALS = 160, 32
SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a trial of a protocol could show one variability.

    Attributes
    ----------
    protocol, protocol_sha256, title
        Name, digest and title of the protocol.
    outcome
        The primary outcome.
    labels
        Label of every arm, by name.
    reference
        Name of the reference arm.
    person
        How the person's nights vary.
    planned, beside
        Operating characteristics of the protocol's design and of the alternative ones.
    recovered
        Pairs of a half-life in nights and the share of so slow an effect that the schedule's averages recover.
    slow
        Arms of which that share is too small for a "no".
    unknown
        Arms of which no half-life is known.
    costs
        What every arm takes.
    looks_after
        Blocks after which the trial may stop early; empty for counts, for which this is not planned.
    stop_sd
        The trial stops where every posterior SD is at most this; None: where every arm has a verdict.
    trials, beside_trials
        Simulated trials at every true gain, of the planned design and of each alternative one.
    seed
        Of the simulation.
    """

    protocol: str
    protocol_sha256: str
    title: str
    outcome: Outcome
    labels: dict[str, str]
    reference: str
    person: NightVariability
    planned: DesignCharacteristics
    beside: tuple[DesignCharacteristics, ...]
    recovered: tuple[tuple[float, float], ...]
    slow: tuple[SlowArm, ...]
    unknown: tuple[str, ...]
    costs: tuple[ArmCost, ...]
    looks_after: tuple[int, ...]
    stop_sd: float | None
    trials: int
    beside_trials: int
    seed: int

    @property
    def designs(self) -> tuple[DesignCharacteristics, ...]:
        """The planned design, then the alternative ones."""
        return (self.planned, *self.beside)

    @property
    def table(self) -> pd.DataFrame:
        """One row per design and true gain: interval, chance of each verdict, false alarms, errors."""
        return pd.DataFrame(
            [
                {
                    "design": design.name,
                    "arms": design.arms,
                    "nights": design.nights,
                    "blocks": design.blocks,
                    "period_nights": design.period_nights,
                    "half_width": design.precision.half_width,
                    "gain": at.gain,
                }
                | {name: share.chance for name, share in zip(VERDICTS, at.verdicts, strict=True)}
                | {"error": max(share.error for share in at.verdicts)}
                | {"any_worth_it": at.alarmed.chance, "naive_any_better": at.naive_any.chance}
                for design in self.designs
                for at in design.by_gain
            ]
        )

    @property
    def looks_table(self) -> pd.DataFrame:
        """One row per true gain: verdicts and nights when the trial stops at the first look that decides."""
        return pd.DataFrame(
            [
                {"gain": at.gain, "nights": at.stopped_nights}
                | {name: share.chance for name, share in zip(VERDICTS, at.stopped, strict=True)}
                | {"error": max(share.error for share in at.stopped)}
                for at in self.planned.by_gain
                if at.stopped
            ]
        )

    @property
    def recovered_table(self) -> pd.DataFrame:
        """One row per half-life: the share of a slow effect that is recovered."""
        return pd.DataFrame(self.recovered, columns=["half_life_nights", "recovered_share"])


def plan_trial(
    protocol: Protocol,
    *,
    baseline: Nights | None = None,
    night_sd: float | None = None,
    trials: int | None = None,
    seed: int = SEED,
    scheduler: str | None = None,
    on_done: OnDone = lambda done, of: None,
) -> Plan:
    """Plan a trial by simulating many trials on draws of its own schedule.

    Parameters
    ----------
    protocol
        The protocol, with two blocks or more.
    baseline
        Nights of the person from before the trial, of one device; None: typical nights.
    night_sd
        SD from night to night in the outcome's unit, instead of the estimated or typical one.
    trials
        Simulated trials of the protocol's design at every true gain; None: 500, or 160 of a count.
    seed
        Of the schedules and of the nights.
    scheduler
        Address of a Dask scheduler whose workers simulate one design and true gain each, with the same results.
        The protocol and the person's mean, SD and the like are sent there, and no night.
    on_done
        Called with the number of tasks done and the number of all tasks.

    Returns
    -------
    The plan.

    Raises
    ------
    AnalysisError
        The baseline or the SD cannot be planned with.
    TaskError
        The cluster cannot be reached, or did not do its work.
    ProtocolError
        The design has a single block.
    """
    outcome = protocol.primary
    variability = person_to_plan_for(protocol, baseline=baseline, night_sd=night_sd)
    gains: tuple[float, ...] = (0.0, outcome.mid, 2 * outcome.mid)
    if outcome.kind == "count":
        gains = possible_gains(variability, outcome, gains)
        looks = None
        trials = trials or COUNT_TRIALS
        few = max(min(trials, COUNT_ALTERNATIVE_TRIALS), trials * COUNT_ALTERNATIVE_TRIALS // COUNT_TRIALS)
    else:
        looks = planned_looks(protocol)
        trials = trials or TRIALS
        few = max(50, trials * ALTERNATIVE_TRIALS // TRIALS)
    others = list(alternatives_to(protocol))
    designs = [
        SimulatedDesign(
            name="as planned",
            protocol=protocol,
            variability=variability,
            gains=gains,
            schedules=SCHEDULES,
            trials=trials,
            seed=seed,
            looks=looks,
        ),
        *(
            SimulatedDesign(
                name=name,
                protocol=other,
                variability=variability,
                gains=gains,
                schedules=ALTERNATIVE_SCHEDULES,
                trials=few,
                seed=seed,
                looks=None,
            )
            for name, other in others
        ),
    ]
    draws = draw_schedules(protocol, draws=SCHEDULES, seed=seed)
    planned, *beside = simulate_designs(designs, scheduler=scheduler, on_done=on_done)
    return Plan(
        protocol=protocol.name,
        protocol_sha256=protocol.sha256,
        title=protocol.title,
        outcome=outcome,
        labels={arm.name: arm.label for arm in protocol.arms},
        reference=protocol.reference,
        person=variability,
        planned=planned,
        beside=tuple(
            replace(design, yaml=yaml_of(other, planned=protocol))
            for design, (_, other) in zip(beside, others, strict=True)
        ),
        recovered=tuple(
            (half_life, recovered_share(draws.schedules, protocol, half_life_nights=half_life))
            for half_life in HALF_LIVES_NIGHTS
        ),
        slow=_slow_arms(draws.schedules, protocol, variability),
        unknown=tuple(arm.name for arm in protocol.arms if arm.build_up_nights is None),
        costs=arm_costs(protocol, draws.schedules),
        looks_after=looks.after_blocks if looks else (),
        stop_sd=looks.sd_at_most if looks else None,
        trials=trials,
        beside_trials=few,
        seed=seed,
    )


def person_to_plan_for(
    protocol: Protocol, *, baseline: Nights | None = None, night_sd: float | None = None
) -> NightVariability:
    """How the nights of the person to plan for vary; parameters and errors as in `plan_trial`."""
    if protocol.design.blocks < 2:
        raise ProtocolError(
            f"{protocol.name}: design.blocks is 1, and a verdict needs two periods of every arm: take 2 blocks"
            " or more"
        )
    return estimate_night_variability(baseline, protocol.primary, night_sd=night_sd)


def _slow_arms(
    schedules: tuple[Schedule, ...], protocol: Protocol, variability: NightVariability
) -> tuple[SlowArm, ...]:
    outcome = protocol.primary
    if outcome.kind != "count":
        return slow_arms(schedules, protocol, night_sd=variability.night_sd, period_sd=variability.drift_sd)
    by = 100.0 / variability.usual if outcome.scale == "percent" else 1.0
    return slow_arms(
        schedules, protocol, night_sd=by * variability.night_sd, period_sd=by * variability.drift_sd
    )


def plan_json(plan: Plan) -> str:
    """The plan as JSON; `read_plan` reads it back."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=2).decode() + "\n"


def save_plan(path: Path, plan: Plan) -> None:
    """Write a plan as JSON, whole or not at all."""
    write_whole(path, plan_json(plan))


def read_plan(path: Path) -> Plan:
    """Read a plan that `save_plan` wrote.

    Raises
    ------
    FolderError
        The file is missing, or holds no plan of this version.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except (OSError, msgspec.DecodeError) as error:
        raise FolderError(f"{path.name}: no plan can be read ({error}): run n1trial plan again") from error
