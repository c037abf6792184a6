"""What the outcome columns of a table of one's own are: unit, direction, smallest worthwhile effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

import pandas as pd

from n1trial.data.read_table._names import kept_as
from n1trial.design.outcomes import OUTCOMES, Outcome
from n1trial.errors import TableError
from n1trial.markup.text import amount_in_words, as_written

type Kind = Literal["continuous", "count"]
type Better = Literal["higher", "lower"]

DEFAULT_MID: Mapping[str, str] = {
    "continuous": "a quarter of the SD of these values, which is a convention and not what matters to you",
    "count": "the default for counts, which is a convention and not what matters to you",
}
DAY_H, DAY_MIN = 24.0, 1440.0
# A night's minutes: asleep, or in bed.
WHOLE_NIGHT = ("tst_min", "tib_min")
HOURS = ("_h", "_hours", "_hrs", " hours", " h")
MINUTES = ("_min", "_mins", "_minutes", " min", " mins", " minutes")
# Words in the names of columns of minutes that are of a part of the night alone.
OF_A_PART = ("awake", "deep", "latency", "light", "nap", "onset", "rem", "sol", "wake", "waso")
# No part of a night lasts as few minutes on every night, and few people lie awake, or dream, for as many hours.
PART_H = 3.0
# A night of as many minutes is no night, and one of as many hours is.
ODD_NIGHT = (2.0, 16.0)
SPELLED = {"minutes": "min", "minute": "min", "mins": "min", "min.": "min"} | {
    "hours": "h",
    "hour": "h",
    "hrs": "h",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An outcome column and what the caller gave for it; None: by its name or its values."""

    column: str
    kind: Kind | None = None
    better: Better | None = None
    mid: float | None = None
    unit: str | None = None

    @property
    def name(self) -> str:
        """The name of the outcome, which may differ from that of the column."""
        return kept_as(self.column)


def asked_outcomes(
    columns: str | Sequence[str],
    *,
    kind: str | Sequence[str] | None,
    better: str | Sequence[str] | None,
    mid: float | Sequence[float] | None,
    unit: str | Sequence[str] | None,
) -> tuple[Asked, ...]:
    """Each outcome with its own options: one for all of them, or one each in their order.

    Raises
    ------
    TableError
        A column is named twice, or there are more or fewer options than outcomes.
    """
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TableError(f"--outcome: {twice} stands twice: give each outcome once")

    def one_each(option: str, given: object) -> tuple[object, ...]:
        if given is None or isinstance(given, str | int | float):
            several: tuple[object, ...] = (given,)
        else:
            several = tuple(cast("Sequence[object]", given)) or (None,)
        # A smallest worthwhile effect has the unit of its outcome, so one cannot serve several.
        if len(several) == 1 and (option != "mid" or several[0] is None):
            return several * len(names)
        if len(several) != len(names):
            raise TableError(
                f"--{option}: {len(several)} for {len(names)} outcomes: give one for each, in their order"
            )
        return several

    kinds, betters, mids, units = (
        one_each("kind", kind),
        one_each("better", better),
        one_each("mid", mid),
        one_each("unit", unit),
    )
    return tuple(
        Asked(
            column=name,
            kind=cast("Kind | None", kinds[place]),
            better=cast("Better | None", betters[place]),
            mid=cast("float | None", mids[place]),
            unit=cast("str | None", units[place]),
        )
        for place, name in enumerate(names)
    )


def outcome_of(values: pd.Series, asked: Asked, *, labels: Mapping[str, str], path: Path) -> Outcome:
    """The outcome of a column: of a known name as the program knows it, else by what its values are.

    Raises
    ------
    TableError
        The smallest worthwhile effect is not above 0, or a count is none.
    """
    name, mid, better = asked.name, asked.mid, asked.better
    kind = asked.kind or (OUTCOMES[name].kind if name in OUTCOMES else "continuous")
    if mid is not None and not mid > 0:
        raise TableError(f"{path.name}: --mid is {as_written(mid)}: give a number above 0")
    if kind == "count" and ((values.dropna() % 1 != 0).any() or (values.dropna() < 0).any()):
        raise TableError(f"{path.name}: {name} is not a count in every row: use --kind continuous")
    refuse_other_unit(values, asked.column, path=path)
    if name in OUTCOMES and OUTCOMES[name].kind == kind:
        known = OUTCOMES[name]
        return replace(
            known,
            label=labels.get(name, known.label),
            unit=_spelled(asked.unit) or known.unit,
            better=better or known.better,
            mid=mid or known.mid,
        )
    percent = kind == "count" and mid is None and float(values.mean()) > 10
    quarter = 0.25 * float(values.std()) or 1.0
    default = (10.0 if percent else 0.5) if kind == "count" else float(f"{quarter:.2g}")
    return Outcome(
        name=name,
        label=labels.get(asked.column, asked.column),
        unit=_spelled(asked.unit) or ("a night" if kind == "count" else _unit_of_name(name)),
        better=better or ("lower" if kind == "count" else "higher"),
        mid=mid or default,
        scale="percent" if percent else "difference",
        kind=kind,
        source="given with the table" if mid else DEFAULT_MID[kind],
    )


def notes_of(asked: Sequence[Asked], outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Notes of each outcome whose smallest worthwhile effect, or direction, neither the caller nor a guideline gave."""
    unknown = [pair for pair in zip(asked, outcomes, strict=True) if pair[1].name not in OUTCOMES]
    sizes = (
        f"nobody said which change in {outcome.label} is worth having (--mid): taken as {outcome.mid:g}"
        f" {outcome.contrast_unit}, {outcome.source}"
        for asked_outcome, outcome in unknown
        if asked_outcome.mid is None
    )
    directions = (
        f"nobody said whether a higher or a lower {outcome.label} is better (--better): taken as {outcome.better}"
        for asked_outcome, outcome in unknown
        if asked_outcome.better is None
    )
    return (*sizes, *directions)


def refuse_other_unit(values: pd.Series, name: str, *, path: Path, minutes: bool = False) -> None:
    """Refuse a night in hours under a name that says minutes, minutes under one that says hours, and the like.

    Parameters
    ----------
    minutes
        Whether the column is to be taken as minutes asleep whatever its name.

    Raises
    ------
    TableError
        The middle of the column cannot be a night in the unit of its name.
    """
    recorded = values.dropna()
    if not len(recorded):
        return
    middle, plain = float(recorded.median()), name.lower()
    in_minutes = minutes or plain in WHOLE_NIGHT or plain.endswith(MINUTES)
    part = any(word in plain for word in OF_A_PART)
    of_night = minutes or plain in WHOLE_NIGHT or (in_minutes and "sleep" in plain and not part)
    meant, advice = "", ""
    in_hours = in_minutes and part and 0 < recorded.max() <= PART_H and (recorded % 1 != 0).any()
    if (of_night and 0 < middle <= DAY_H) or in_hours:
        meant, advice = "hours", "multiply by 60, or give the column another name"
    elif in_minutes and (of_night or part) and middle > (DAY_MIN if of_night else DAY_MIN / 2):
        meant, advice = "seconds", "divide by 60, or give the column another name"
    elif plain.endswith(HOURS) and middle > DAY_H:
        meant, advice = "minutes", "divide by 60, or give the column another name"
    elif plain == "se_pct" and 0 < middle <= 1:
        meant, advice = "shares", "multiply by 100"
    if meant:
        raise TableError(f"{path.name}: the median of {name} is {amount_in_words(middle)}: {meant}? {advice}")
    if of_night:
        _refuse_single_hours(recorded, name, path)
    if of_night or (plain in OUTCOMES and OUTCOMES[plain].kind == "continuous"):
        most = 100.0 if plain == "se_pct" else DAY_MIN
        wrong = recorded[(recorded < 0) | (recorded > most)]
        if len(wrong):
            raise TableError(
                f"{path.name}, line {wrong.index[0]}: {name} is {wrong.iloc[0]:g}, and a night has 0 to {most:g}:"
                " correct or empty it"
            )


def _refuse_single_hours(recorded: pd.Series, name: str, path: Path) -> None:
    """Refuse nights of which some are in hours among others in minutes; one night alone may have been that short."""
    low, high = ODD_NIGHT
    odd = recorded[(recorded >= low) & (recorded <= high)]
    if len(odd) > 1 and (odd % 1 != 0).mean() >= 0.5:
        raise TableError(
            f"{path.name}, line {odd.index[0]}: {name} is {odd.iloc[0]:g}, and its median is"
            f" {amount_in_words(float(recorded.median()))}: hours among minutes? give every night the same unit"
        )


def _spelled(unit: str | None) -> str | None:
    return unit and SPELLED.get(unit.strip().lower(), unit)


def _unit_of_name(name: str) -> str:
    plain = name.lower()
    return "min" if plain.endswith(MINUTES) else "h" if plain.endswith(HOURS) or plain == "hours" else "units"
