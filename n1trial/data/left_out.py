"""Why a planned night is not analysed: by the plan, for want of a record, or for a check that asks what if."""

from enum import StrEnum
from typing import Self


class LeftOut(StrEnum):
    """Why a planned night is not analysed, as the column `left_out` of `TrialData.table` holds it.

    A member equals its text, which is what tables and files hold; a text of somebody's own becomes `OTHER`.

    Attributes
    ----------
    detail : str
        The reason without "missing: " before it.

    Examples
    --------
    >>> from n1trial.data.left_out import LeftOut
    >>> LeftOut("run-in") is LeftOut.RUN_IN, LeftOut("missing: nap only").detail
    (True, 'nap only')
    """

    detail: str

    NO = ""
    RUN_IN = "run-in"
    WASHOUT = "washout"
    PAUSED = "paused"
    AFTER_STOP = "after the stop"
    AFTER_LOOK = "after the look"
    TO_COME = "to come"
    NO_RECORD = "no record"
    # Of one outcome, on a night that has another; only in a ledger.
    NOT_RECORDED = "not recorded"
    # There is a record, but no sleep time in it.
    NAP_ONLY = "missing: nap only", "nap only"
    UNSTAGED = "missing: unstaged", "unstaged"
    UNSCORED = "missing: unscored", "unscored"
    IN_BED_ONLY = "missing: in bed only", "in bed only"
    NOT_CONFIRMED = "missing: not confirmed", "not confirmed"
    NO_STAGES = "missing: no stages", "no stages"
    MANUAL = "missing: manual", "manual"
    DAMAGED = "missing: damaged", "damaged"
    IMPLAUSIBLE = "missing: implausible", "implausible"
    TOO_SHORT = "missing: too short", "too short"
    SEVERAL_SLEEPS = "missing: several sleeps", "several sleeps"
    NO_SLEEP = "missing: no sleep in the record", "no sleep in the record"
    # Checks leave these out of the same analysis, to see what it would say without them.
    ODD_NIGHT = "odd night"
    SHORT_NIGHT = "short night"
    DOSE_NOT_AS_PLANNED = "dose not as planned"
    GUESSED_RIGHT = "guessed right"
    FIRST_OF_PERIOD = "first nights of a period"
    OTHER = "left out"

    def __new__(cls, text: str, detail: str = "") -> Self:
        """Make the member of a text."""
        member = str.__new__(cls, text)
        member._value_ = text
        member.detail = detail or text
        return member

    @classmethod
    def _missing_(cls, value: object) -> Self:
        return cls(cls.OTHER)


# In the order in which a report names them.
PLANNED_OUT = (
    LeftOut.RUN_IN,
    LeftOut.WASHOUT,
    LeftOut.PAUSED,
    LeftOut.AFTER_STOP,
    LeftOut.AFTER_LOOK,
    LeftOut.TO_COME,
)
