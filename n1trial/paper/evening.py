"""What is taken on an evening, when, and how it is called: by arm, or by kit while the arms are hidden."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

from n1trial.blinding import Hidden, fillings, kits_of
from n1trial.protocol import Arm, Protocol
from n1trial.schedule import Schedule
from n1trial.substances import SUBSTANCES


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """One planned evening: what it is called, what to do, how many minutes before bed, is anything swallowed."""

    night: date
    phase: str
    block: int
    period: int
    name: str
    what: str
    minutes: tuple[int, int]
    capsules: bool


def evenings(schedule: Schedule, protocol: Protocol, *, hidden: Hidden = "") -> Iterator[Evening]:
    """Every planned evening in order; while the arms are hidden by kit or by box."""
    kits = {kit.period: kit.code for kit in kits_of(schedule)} if hidden == "helper" else {}
    told = {arm.name: arm_in_words(protocol, arm) for arm in protocol.arms}
    for row in schedule.table.itertuples():
        minutes, capsules = protocol.dosing.minutes_before_bed, row.phase == "trial"
        if row.phase != "trial":
            name, what = "run-in", "nothing to take, sleep as usual"
        elif hidden:
            name = f"kit {kits[row.period]}" if hidden == "helper" else f"box {row.arm}"
            what = kit_in_words(protocol)
            minutes = fillings(protocol)[0].servings[0].minutes_before_bed
        else:
            arm = protocol.arm_named(row.arm)
            name, what, minutes = arm.label, told[arm.name], protocol.minutes_before_bed(arm)
            capsules = bool(arm.doses)
        yield Evening(
            night=row.night.date(),
            phase=row.phase,
            block=row.block,
            period=row.period,
            name=name,
            what=what,
            minutes=minutes,
            capsules=capsules,
        )


def arm_in_words(protocol: Protocol, arm: Arm) -> str:
    """The doses of an arm and what else it asks for: ``3,000 mg glycine, 30 to 60 min before bed``."""
    doses = " + ".join(f"{dose.compound:,.0f} mg {SUBSTANCES[dose.substance].label}" for dose in arm.doses)
    taken = f"{doses}, {minutes_in_words(protocol.minutes_before_bed(arm))}" if doses else ""
    return "; ".join(part for part in (taken, arm.instruction) if part) or "nothing to take"


def kit_in_words(protocol: Protocol) -> str:
    """The capsules of an evening, the same whatever the arm: ``5 capsules 30 to 60 min before bed``."""
    return " and ".join(
        f"{serving.capsules} capsules {minutes_in_words(serving.minutes_before_bed)}"
        for serving in fillings(protocol)[0].servings
    )


def minutes_in_words(minutes: tuple[int, int]) -> str:
    """``30 to 60 min before bed``."""
    first, last = minutes
    return f"{first} to {last} min before bed" if first < last else f"{last} min before bed"


def clock_before(bedtime: time, minutes: int) -> tuple[int, int]:
    """Hour and minute so long before bed, counted from the start of the evening's date: 24 and more after it.

    A bedtime before noon belongs to the day after the evening.
    """
    at = bedtime.hour * 60 + bedtime.minute + (1440 if bedtime.hour < 12 else 0) - minutes
    return divmod(at, 60)
