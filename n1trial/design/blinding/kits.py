"""Kits: one bag a period, with a code that says when and never what."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date

from n1trial.design.schedule import Schedule

DOMAIN = b"n1trial/kit/1"
# Letters that are not taken for one another, and make no words.
SIGNS = "CDFGHJKLMNPQRTVWX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What one period's bag is called, and when it is used; `arm` is as the schedule has it."""

    code: str
    block: int
    period: int
    first: date
    last: date
    arm: str

    @property
    def nights(self) -> int:
        """Evenings in the bag."""
        return (self.last - self.first).days + 1


def kits_of(schedule: Schedule) -> tuple[Kit, ...]:
    """The kit of every period in order."""
    trial = schedule.table[schedule.table["phase"] == "trial"]
    return tuple(
        Kit(
            code=kit_code(schedule.protocol_sha256, int(period)),
            block=int(nights["block"].iloc[0]),
            period=int(period),
            first=nights["night"].iloc[0].date(),
            last=nights["night"].iloc[-1].date(),
            arm=str(nights["arm"].iloc[0]),
        )
        for period, nights in trial.groupby("period")
    )


def with_kits(coded: Schedule) -> Schedule:
    """The schedule with a kit's code for every letter, so that nobody sees which periods are alike."""
    table = coded.table
    codes = {kit.period: kit.code for kit in kits_of(coded)}
    return replace(coded, table=table.assign(arm=table["period"].map(codes).fillna("").astype("str")))


def letters_of(coded: Schedule) -> str:
    """The letter of every period, in order."""
    return "".join(kit.arm for kit in kits_of(coded))


def with_letters(schedule: Schedule, letters: str, *, run_in: str) -> Schedule:
    """The schedule with the letters of `letters_of` back in place of kits, and `run_in` before the first."""
    by_period = {0: run_in, **dict(enumerate(letters, start=1))}
    arms = schedule.table["period"].map(by_period).fillna("").astype("str")
    return replace(schedule, table=schedule.table.assign(arm=arms))


def kit_code(protocol_sha256: str, period: int) -> str:
    """The period's number and three signs, so that a wrong bag is noticed: ``07-KXP``."""
    digest = hashlib.sha256(DOMAIN + bytes.fromhex(protocol_sha256) + period.to_bytes(4, "big")).digest()
    return f"{period:02d}-{''.join(SIGNS[byte % len(SIGNS)] for byte in digest[:3])}"
