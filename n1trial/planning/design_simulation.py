"""The operating characteristics of several designs, one after the other or on the workers of a cluster."""

import itertools
from dataclasses import dataclass, replace

from n1trial.design.protocol import Looks, Protocol
from n1trial.planning.count_operating_characteristics import simulate_count_trials
from n1trial.planning.night_variability import NightVariability
from n1trial.planning.operating_characteristics import AtEffect, Precision, simulate_trials
from n1trial.planning.simulated_nights import draw_schedules
from n1trial.system.parallel import OnDone, run_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignCharacteristics:
    """One design and its operating characteristics.

    Attributes
    ----------
    name
        What the design is called in the plan.
    arms, nights, blocks, period_nights
        Numbers of arms, of nights after the run-in, of blocks, and of nights of a period.
    precision
        Precision of the contrast with the reference, without an effect.
    by_gain
        At no effect, at the smallest worthwhile one, and at twice that; without gains that are larger than the usual
        count.
    yaml
        What to write into a copy of the protocol to get this design; empty for the planned design.
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
class SimulatedDesign:
    """A design to simulate, with all that its numbers depend on.

    Attributes
    ----------
    name
        What the design is called in the plan.
    protocol
        The protocol on this design.
    variability
        How the person's nights vary.
    gains
        True gains of every arm against the reference, in the outcome's contrast unit.
    schedules
        Draws of the schedule, used by the trials in turn.
    trials
        Simulated trials at every gain.
    seed
        Of the schedules and of the nights.
    looks
        Interim looks at which a trial may stop; None: none.
    threads
        Threads that fit; None: one a core.
    """

    name: str
    protocol: Protocol
    variability: NightVariability
    gains: tuple[float, ...]
    schedules: int
    trials: int
    seed: int
    looks: Looks | None
    threads: int | None = None


def simulate_designs(
    designs: list[SimulatedDesign], *, scheduler: str | None, on_done: OnDone
) -> list[DesignCharacteristics]:
    """The operating characteristics of every design, in the order given; other parameters as in `plan_trial`."""
    # On one machine the trials of one design keep all cores busy. A worker of a cluster has one core, so a design
    # is divided by its true gains.
    alone = [replace(design, gains=(gain,), threads=1) for design in designs for gain in design.gains]
    pieces = run_tasks(
        _operating_characteristics,
        alone if scheduler else designs,
        scheduler=scheduler,
        processes=1,
        on_done=on_done,
    )
    joined = []
    for together in itertools.batched(pieces, len(pieces) // len(designs)):
        by_gain = tuple(at for piece in together for at in piece.by_gain)
        joined.append(replace(together[0], by_gain=by_gain))
    return joined


def _operating_characteristics(design: SimulatedDesign) -> DesignCharacteristics:
    protocol = design.protocol
    draws = draw_schedules(protocol, draws=design.schedules, seed=design.seed)
    if protocol.primary.kind == "count":
        precision, by_gain = simulate_count_trials(
            design.variability,
            draws,
            protocol,
            gains=design.gains,
            trials=design.trials,
            seed=design.seed,
            threads=design.threads,
        )
    else:
        precision, by_gain = simulate_trials(
            design.variability,
            draws,
            protocol,
            gains=design.gains,
            trials=design.trials,
            seed=design.seed,
            looks=design.looks,
            threads=design.threads,
        )
    return DesignCharacteristics(
        name=design.name,
        arms=len(protocol.arms),
        nights=protocol.planned_nights - protocol.design.run_in_nights,
        blocks=protocol.design.blocks,
        period_nights=protocol.design.period_nights,
        precision=precision,
        by_gain=by_gain,
    )
