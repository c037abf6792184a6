"""``mapping.yaml``: which columns of a table hold what."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._records import Label, decode_text
from n1trial.data.importers._vitals import Reading
from n1trial.errors import ExportError


class Mapping(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Names of the columns by what they hold, two where date and time stand apart, and how they are written."""

    start: Label | list[Label]
    end: Label | list[Label]
    tst: Label
    tib: Label | None = None
    sol: Label | None = None
    waso: Label | None = None
    deep: Label | None = None
    light: Label | None = None
    rem: Label | None = None
    wake_runs: Label | None = None
    awakenings: Label | None = None
    longest_sleep: Label | None = None
    hrv: Label | None = None
    heart_rate_min: Label | None = None
    heart_rate_mean: Label | None = None
    respiratory_rate: Label | None = None
    skin_temp_deviation: Label | None = None
    nap: Label | None = None
    unit: Literal["min", "s", "h"] = "min"
    time_format: Label | None = None
    device: Label = "own table"


class Row(msgspec.Struct):
    """One sleep: the cells of a row, by what they hold."""

    start: Label
    end: Label
    tst: float | None = None
    tib: float | None = None
    sol: float | None = None
    waso: float | None = None
    deep: float | None = None
    light: float | None = None
    rem: float | None = None
    wake_runs: str | None = None
    awakenings: int | None = None
    longest_sleep: float | None = None
    hrv: Reading = None
    heart_rate_min: Reading = None
    heart_rate_mean: Reading = None
    respiratory_rate: Reading = None
    skin_temp_deviation: Reading = None
    nap: bool = False


@lru_cache(maxsize=8)
def read_mapping(content: bytes, where: str) -> Mapping:
    """Read ``mapping.yaml``.

    Raises
    ------
    ExportError
        It is no YAML, names a field that is not known, or has a time format that does not hold a date and a time.
    """
    text = decode_text(content, where)
    with refusing(where, "write it as in the documentation"):
        try:
            mapping = msgspec.convert(YAML(typ="safe", pure=True).load(text), Mapping)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = f"line {mark.line + 1}: " if mark else ""
            raise ExportError(
                f"{line}not YAML ({printable(str(error.problem))})", place=where, remedy="correct it"
            ) from error
        except (YAMLError, msgspec.ValidationError) as error:
            reason = printable(str(error))
            raise ExportError(
                f"not a mapping of columns ({reason})", place=where, remedy="correct it"
            ) from error
    _check_time_format(mapping.time_format, where)
    return mapping


def _check_time_format(time_format: str | None, where: str) -> None:
    if time_format is None:
        return
    now = datetime(2025, 3, 4, 23, 10, tzinfo=UTC)
    understood = None
    # Python warns of a day without a year, which no sleep has.
    if re.search("%[Yy]", time_format.replace("%%", "")):
        with suppress(ValueError, re.error):
            understood = datetime.strptime(now.strftime(time_format), time_format)  # noqa: DTZ007
    if understood is None or understood.replace(tzinfo=UTC) != now:
        raise ExportError(
            f"time_format {printable(time_format)} does not say year, day, hour and minute",
            place=where,
            remedy="correct it",
        )


def check_columns(header: list[str], mapping: Mapping, where: str) -> None:
    """See that a table has every column that its mapping names."""
    for field in Row.__struct_fields__:
        for column in columns_of(mapping, field):
            if column not in header:
                raise ExportError(
                    f"has no column {printable(column)}, which mapping.yaml names",
                    place=where,
                    remedy="correct one of them",
                )


def columns_of(mapping: Mapping, field: str) -> list[str]:
    """The columns that hold a field: none, one, or the two of a date and a time."""
    named = getattr(mapping, field)
    return named if isinstance(named, list) else [named] if named is not None else []
