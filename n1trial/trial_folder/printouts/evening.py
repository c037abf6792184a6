"""What is taken on an evening, when, and how it is called: by arm, or by kit while the arms are hidden."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

from n1trial.design.blinding import Hidden, fillings, kits_of
from n1trial.design.protocol import Arm, Protocol
from n1trial.design.protocol_text import doses_of, nothing_asked
from n1trial.design.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """One planned evening: what it is called, what to do, and what is swallowed how many minutes before bed.

    Attributes
    ----------
    night, phase, block, period
        As in the schedule.
    name
        Label of the arm, kit or box while the arms are hidden, or "run-in".
    what
        What to do, in words.
    dose
        The arm's instruction beside its doses; empty while the arms are hidden.
    servings
        What is swallowed together, and between which minutes before bed; empty where nothing is.
    habit
        The arm is something to do, and nothing is swallowed.
    """

    night: date
    phase: str
    block: int
    period: int
    name: str
    what: str
    dose: str
    servings: tuple[tuple[str, tuple[int, int]], ...] = ()
    habit: bool = False

    @property
    def asks(self) -> bool:
        """Whether the evening asks for something, so that the diary's answer to it counts."""
        return bool(self.servings) or self.habit

    def clock_lines(self, bedtime: time) -> list[str]:
        """What is swallowed and when by the clock: ``3,000 mg glycine, 22:00–22:30``."""
        return [f"{what}, {clock_span(bedtime, minutes)}" for what, minutes in self.servings]


def planned_evenings(schedule: Schedule, protocol: Protocol, *, hidden: Hidden = "") -> Iterator[Evening]:
    """Every planned evening in order; while the arms are hidden by kit or by box."""
    kits = {kit.period: kit.code for kit in kits_of(schedule)} if hidden == "helper" else {}
    packed = _packed(protocol) if hidden else ()
    instructions = {arm.name: arm_in_words(protocol, arm) for arm in protocol.arms}
    for row in schedule.table.itertuples():
        servings: tuple[tuple[str, tuple[int, int]], ...] = ()
        habit = False
        if row.phase != "trial":
            name, what, dose = "run-in", f"{nothing_asked(protocol)}, sleep as usual", ""
        elif hidden:
            name = f"kit {kits[row.period]}" if hidden == "helper" else f"box {row.arm}"
            what = kit_in_words(protocol)
            servings, dose = packed, ""
        else:
            arm = protocol.arm_named(row.arm)
            name, what, dose, habit = arm.label, instructions[arm.name], arm.instruction, arm.habit
            servings = ((doses_of(arm, short=True), protocol.minutes_before_bed(arm)),) if arm.doses else ()
        yield Evening(
            night=row.night.date(),
            phase=row.phase,
            block=row.block,
            period=row.period,
            name=name,
            what=what,
            dose=dose,
            servings=servings,
            habit=habit,
        )


def _packed(protocol: Protocol) -> tuple[tuple[str, tuple[int, int]], ...]:
    """Capsules of every serving, the same whatever the arm."""
    return tuple(
        (capsules_in_words(serving.capsules), serving.minutes_before_bed)
        for serving in fillings(protocol)[0].servings
    )


def capsules_in_words(number: int) -> str:
    """``5 capsules``."""
    return "1 capsule" if number == 1 else f"{number} capsules"


def arm_in_words(protocol: Protocol, arm: Arm) -> str:
    """The doses of an arm and what else it asks for: ``3,000 mg glycine, 30 to 60 min before bed``."""
    doses = doses_of(arm)
    taken = f"{doses}, {minutes_in_words(protocol.minutes_before_bed(arm))}" if doses else ""
    return "; ".join(part for part in (taken, arm.instruction) if part) or nothing_asked(protocol)


def kit_in_words(protocol: Protocol) -> str:
    """The capsules of an evening, the same whatever the arm: ``5 capsules 30 to 60 min before bed``."""
    return " and ".join(f"{capsules} {minutes_in_words(minutes)}" for capsules, minutes in _packed(protocol))


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


def clock_span(bedtime: time, minutes: tuple[int, int]) -> str:
    """``22:00–22:30``, or one time where the plan has one."""
    last, first = sorted(minutes)
    ends = dict.fromkeys(in_clock(*clock_before(bedtime, each)) for each in (first, last))
    return "–".join(ends)


def in_clock(hour: int, minute: int) -> str:
    """A time of the clock; hours of 24 and more are after midnight."""
    return f"{hour % 24:02d}:{minute:02d}"
