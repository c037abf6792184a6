"""A row of Withings' table, and the times at which ``Night events`` say that somebody fell asleep or woke."""

from itertools import accumulate
from typing import Annotated, NamedTuple

import msgspec

from n1trial.data.importers._records import Count, Label, Seconds, decode_json
from n1trial.data.importers._vitals import Reading
from n1trial.errors import ExportError

ROUNDING_S = 60

_EVENTS_LIMIT = 10_000
_IN_BED, _ASLEEP, _WOKE, _OUT = "1234"


class Night(msgspec.Struct):
    """What is read of a row; the names that no language changes stand here as they are compared."""

    start: Label
    end: Label
    light: Seconds | None = None
    deep: Seconds | None = None
    rem: Seconds | None = None
    awake: Seconds | None = None
    wake_up: Count | None = None
    to_sleep: Seconds | None = msgspec.field(name="duration to sleep (s)", default=None)
    to_wake_up: Seconds | None = msgspec.field(name="duration to wake up (s)", default=None)
    mean_heart_rate: Reading = msgspec.field(name="average heart rate", default=None)
    lowest_heart_rate: Reading = msgspec.field(name="heart rate (min)", default=None)
    events: str | None = msgspec.field(name="night events", default=None)


class Events(NamedTuple):
    """What happened in a night; seconds.

    Attributes
    ----------
    asleep
        Length of each unbroken sleep: from falling asleep to waking, the last one to the end of the night where no
        waking is written.
    wakes
        Length of each wake: from waking to falling asleep.
    out
        Length of each stay out of bed: from leaving it to going to bed.
    """

    asleep: list[float]
    wakes: list[float]
    out: list[float]


_Differences = Annotated[list[Seconds], msgspec.Meta(max_length=_EVENTS_LIMIT)]
_READ_EVENTS = msgspec.json.Decoder(dict[str, _Differences])


def read_events(night: Night, *, bed_s: float) -> Events | None:
    """Read the events of a night; None where there are none, or none that can be of this night.

    Per kind a list of differences, the first from going to bed: 1 in bed, 2 asleep, 3 awake, 4 out of bed.
    """
    if night.events is None:
        return None
    try:
        differences = decode_json(night.events.encode(errors="replace"), _READ_EVENTS, "")
    except ExportError:
        return None
    timeline = sorted([(second, kind) for kind, steps in differences.items() for second in accumulate(steps)])
    if timeline and timeline[-1][0] > bed_s + ROUNDING_S:
        return None
    events = Events([], [], [])
    asleep = woke = out = None
    for second, kind in timeline:
        if kind == _ASLEEP:
            if woke is not None:
                events.wakes.append(second - woke)
                woke = None
            asleep = second if asleep is None else asleep
        elif kind == _WOKE:
            if asleep is not None:
                events.asleep.append(second - asleep)
                asleep = None
            woke = second if woke is None else woke
        elif kind == _OUT:
            out = second if out is None else out
        elif kind == _IN_BED and out is not None:
            events.out.append(second - out)
            out = None
    if asleep is not None:
        events.asleep.append(max(0.0, bed_s - (night.to_wake_up or 0) - asleep))
    return events
