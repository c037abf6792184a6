"""A protocol becomes a plan: what this trial could show, before night 1."""

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pandas as pd

from n1trial.data.nights import Nights
from n1trial.design.outcomes import Outcome
from n1trial.design.protocol import Looks, Protocol
from n1trial.design.schedule import Schedule
from n1trial.errors import FolderError, ProtocolError
from n1trial.planning.alternative_designs import neighbours, yaml_of
from n1trial.planning.carryover import HALF_LIVES_NIGHTS, SlowArm, recovered_share, slow_arms
from n1trial.planning.count_operating_characteristics import possible_gains, simulate_count_trials
from n1trial.planning.night_variability import Person, person_of
from n1trial.planning.operating_characteristics import (
    VERDICTS,
    AtEffect,
    Precision,
    planned_looks,
    simulate_trials,
)
from n1trial.planning.simulated_nights import draw_schedules
from n1trial.planning.supplies import ArmCost, arm_costs
from n1trial.system.files import write_whole
from n1trial.system.parallel import OnDone, run_tasks

TRIALS, NEIGHBOUR_TRIALS, SCHEDULES, NEIGHBOUR_SCHEDULES = 500, 150, 100, 25
# A trial of counts costs some thirty times as much.
COUNT_TRIALS, COUNT_NEIGHBOUR_TRIALS = 160, 32
SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignChances:
    """One design and what it shows: at no effect, at the smallest worthwhile one, and at twice that.

    Gains that are as much as a person has of a count, or more, are left out. `yaml` is what to write into a copy of
    the protocol to get it; empty for the planned design itself.
    """

    name: str
    arms: int
    nights: int
    blocks: int
    period_nights: int
    precision: Precision
    by_gain: tuple[AtEffect, ...]
    yaml: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a trial of a protocol could show one person.

    `planned` is the protocol's own design and `beside` the neighbouring ones; `recovered` pairs half-lives in
    nights with the share of a slow effect that the schedule's averages recover, and `slow` names the arms of which
    that is too little for a "no"; of those in `unknown` nobody knows how fast they act. `costs` has what is taken.
    `looks_after` names the blocks after which the trial may stop early, where every posterior SD is at most
    `stop_sd`, or, where that is None, where every arm has a verdict; empty for counts, where this is not planned.
    """

    protocol: str
    protocol_sha256: str
    title: str
    outcome: Outcome
    labels: dict[str, str]
    reference: str
    person: Person
    planned: DesignChances
    beside: tuple[DesignChances, ...]
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
    def designs(self) -> tuple[DesignChances, ...]:
        """The planned design, then its neighbours."""
        return (self.planned, *self.beside)

    @property
    def table(self) -> pd.DataFrame:
        """One row a design and true gain: interval, chance of each verdict, false alarms, errors."""
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
        """One row a true gain: verdicts and nights when the trial stops at the first look that decides."""
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
        """One row a half-life: the share of a slow effect that is recovered."""
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
    """Say what a trial could show, from many simulated trials on draws of its own schedule.

    Parameters
    ----------
    baseline
        Nights of the person from before the trial; None: a typical person.
    night_sd
        SD from night to night in the outcome's unit, instead of the estimated or typical one.
    trials
        Simulated trials of the protocol's design at every true gain; None: 500, or 160 of a count.
    scheduler
        Address of a Dask scheduler whose workers simulate, a design and true gain each; the numbers are the
        same. The protocol and the person's mean, SD and the like are sent there, and no night.
    on_done
        Called with the number of pieces of work done, and of all.

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
    person = person_to_plan_for(protocol, baseline=baseline, night_sd=night_sd)
    gains: tuple[float, ...] = (0.0, outcome.mid, 2 * outcome.mid)
    if outcome.kind == "count":
        gains = possible_gains(person, outcome, gains)
        looks = None
        trials = trials or COUNT_TRIALS
        few = max(min(trials, COUNT_NEIGHBOUR_TRIALS), trials * COUNT_NEIGHBOUR_TRIALS // COUNT_TRIALS)
    else:
        looks = planned_looks(protocol)
        trials = trials or TRIALS
        few = max(50, trials * NEIGHBOUR_TRIALS // TRIALS)
    others = list(neighbours(protocol))
    designs = [
        _Simulated(
            name="as planned",
            protocol=protocol,
            person=person,
            gains=gains,
            schedules=SCHEDULES,
            trials=trials,
            seed=seed,
            looks=looks,
        ),
        *(
            _Simulated(
                name=name,
                protocol=other,
                person=person,
                gains=gains,
                schedules=NEIGHBOUR_SCHEDULES,
                trials=few,
                seed=seed,
                looks=None,
            )
            for name, other in others
        ),
    ]
    draws = draw_schedules(protocol, draws=SCHEDULES, seed=seed)
    planned, *beside = _simulate(designs, scheduler=scheduler, on_done=on_done)
    return Plan(
        protocol=protocol.name,
        protocol_sha256=protocol.sha256,
        title=protocol.title,
        outcome=outcome,
        labels={arm.name: arm.label for arm in protocol.arms},
        reference=protocol.reference,
        person=person,
        planned=planned,
        beside=tuple(
            replace(each, yaml=yaml_of(other, planned=protocol))
            for each, (_, other) in zip(beside, others, strict=True)
        ),
        recovered=tuple(
            (half_life, recovered_share(draws.schedules, protocol, half_life_nights=half_life))
            for half_life in HALF_LIVES_NIGHTS
        ),
        slow=_slow_arms(draws.schedules, protocol, person),
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
) -> Person:
    """The person that a plan is for, or why nothing can be planned; parameters and refusals as in `plan_trial`."""
    if protocol.design.blocks < 2:
        raise ProtocolError(
            f"{protocol.name}: design.blocks is 1, and a verdict needs two periods of every arm: take 2 blocks"
            " or more"
        )
    return person_of(baseline, protocol.primary, night_sd=night_sd)


def _slow_arms(schedules: tuple[Schedule, ...], protocol: Protocol, person: Person) -> tuple[SlowArm, ...]:
    outcome = protocol.primary
    if outcome.kind != "count":
        return slow_arms(schedules, protocol, night_sd=person.night_sd, period_sd=person.drift_sd)
    by = 100.0 / person.usual if outcome.scale == "percent" else 1.0
    return slow_arms(schedules, protocol, night_sd=by * person.night_sd, period_sd=by * person.drift_sd)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Simulated:
    """All that the numbers of a design depend on."""

    name: str
    protocol: Protocol
    person: Person
    gains: tuple[float, ...]
    schedules: int
    trials: int
    seed: int
    looks: Looks | None
    threads: int | None = None


def _simulate(designs: list[_Simulated], *, scheduler: str | None, on_done: OnDone) -> list[DesignChances]:
    # Here every design is drawn once and its trials keep all cores busy, which more processes would not
    # better; a worker of a cluster has a core for itself, and many can share a design.
    alone = [replace(design, gains=(gain,), threads=1) for design in designs for gain in design.gains]
    pieces = run_tasks(
        _chances, alone if scheduler else designs, scheduler=scheduler, processes=1, on_done=on_done
    )
    joined = []
    for together in itertools.batched(pieces, len(pieces) // len(designs)):
        by_gain = tuple(at for piece in together for at in piece.by_gain)
        joined.append(replace(together[0], by_gain=by_gain))
    return joined


def _chances(design: _Simulated) -> DesignChances:
    protocol = design.protocol
    draws = draw_schedules(protocol, draws=design.schedules, seed=design.seed)
    if protocol.primary.kind == "count":
        precision, by_gain = simulate_count_trials(
            design.person,
            draws,
            protocol,
            gains=design.gains,
            trials=design.trials,
            seed=design.seed,
            threads=design.threads,
        )
    else:
        precision, by_gain = simulate_trials(
            design.person,
            draws,
            protocol,
            gains=design.gains,
            trials=design.trials,
            seed=design.seed,
            looks=design.looks,
            threads=design.threads,
        )
    return DesignChances(
        name=design.name,
        arms=len(protocol.arms),
        nights=protocol.planned_nights - protocol.design.run_in_nights,
        blocks=protocol.design.blocks,
        period_nights=protocol.design.period_nights,
        precision=precision,
        by_gain=by_gain,
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
