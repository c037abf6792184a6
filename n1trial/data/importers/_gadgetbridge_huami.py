"""Sleep that Gadgetbridge keeps as the watches of Zepp (Amazfit, newer Mi Band) send it: 594 bytes a sleep.

Where each number lies, and the codes of the stages: Gadgetbridge's ``HuamiSleepSessionSampleProvider.java``. That the
end of a stage is its last minute, and that sums follow the stages: others who compared real nights with the app.
"""

import struct
from typing import Annotated

import msgspec

from n1trial.data.importers._intervals import Interval, Stage
from n1trial.errors import ExportError

TABLE = "HUAMI_SLEEP_SESSION_SAMPLE"
QUERY = f"SELECT DEVICE_ID, DATA FROM {TABLE} ORDER BY DEVICE_ID, TIMESTAMP"

_STAGE_OF: dict[int, Stage] = {4: "light", 5: "deep", 7: "awake", 8: "rem"}
_SIZE = 0x252
_MIDNIGHT, _SPAN, _HEART_RATE = struct.Struct("<I"), struct.Struct("<HH"), 0x15
_COUNT, _STAGES, _STAGE = 0x54, 0x56, struct.Struct("<HHB")
_SUMS_AT, _SUMS = 0x24A, struct.Struct("<HHHH")
_STAGES_LIMIT = (_SUMS_AT - _STAGES) // _STAGE.size
_DAY_S = 86_400
_LATEST_MIN = 2 * 24 * 60


class Sent(msgspec.Struct):
    """One sleep: times in seconds of UTC; `asleep_min` is the watch's own sum, None where it has none."""

    start: float
    end: float
    intervals: list[Interval]
    asleep_min: int | None
    heart_rate_mean: int


class _Row(msgspec.Struct, array_like=True):
    device: int
    data: Annotated[bytes, msgspec.Meta(max_length=65_536)]


def device_and_bytes(row: object, where: str) -> tuple[int, bytes]:
    """Device and bytes of a row of `QUERY`."""
    try:
        checked = msgspec.convert(row, _Row)
    except msgspec.ValidationError as error:
        raise ExportError(f"not as expected ({error})", place=where, remedy="export it again") from error
    return checked.device, checked.data


def unpacked(data: bytes, where: str) -> Sent | None:
    """Read the bytes of one sleep, or ``None`` where the watch had not finished it: then all numbers are 0."""
    if len(data) < _SIZE:
        raise ExportError(f"{len(data)} bytes of a sleep of {_SIZE}", place=where, remedy="export it again")
    base = _base(data)
    rem, light, deep, awake = _SUMS.unpack_from(data, _SUMS_AT)
    first, last = _SPAN.unpack_from(data, 0x0A)
    if data[_COUNT] > _STAGES_LIMIT:
        raise ExportError(
            f"{data[_COUNT]} stages, more than {_STAGES_LIMIT}", place=where, remedy="export it again"
        )
    stages = [_STAGE.unpack_from(data, _STAGES + _STAGE.size * number) for number in range(data[_COUNT])]
    if not stages and not rem + light + deep + awake:
        return None
    if any(not start <= end <= _LATEST_MIN for start, end, _ in stages):
        raise ExportError("a stage ends before it begins", place=where, remedy="export it again")
    if stages:
        first, last = min(start for start, _, _ in stages), max(end for _, end, _ in stages) + 1
    else:
        last = max(last, first + rem + light + deep + awake)
    if not first < last <= _LATEST_MIN + 1:
        raise ExportError("a sleep ends before it begins", place=where, remedy="export it again")
    return Sent(
        start=base + 60 * first,
        end=base + 60 * last,
        intervals=[
            (base + 60 * start, base + 60 * (end + 1), _STAGE_OF.get(code, "asleep"))
            for start, end, code in stages
        ],
        asleep_min=rem + light + deep or None,
        heart_rate_mean=data[_HEART_RATE],
    )


def began_at(data: bytes) -> float:
    """Seconds of UTC at which a sleep began that cannot be read whole."""
    if len(data) < _SPAN.size + 0x0A or not any(data[4:0x0C]):
        raise ValueError("not even the start is there")
    return _base(data) + 60.0 * _SPAN.unpack_from(data, 0x0A)[0]


def _base(data: bytes) -> int:
    """Midnight before the evening: minutes are counted from it, and the watch sends the next one."""
    return int(_MIDNIGHT.unpack_from(data, 4)[0]) - _DAY_S
