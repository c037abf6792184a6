"""How much is likely in a day, and how much is possible at all, by what a column of the diary is called.

What is unlikely is asked about when it is written down and named by `n1trial check`; what is impossible is
refused as an answer, and in a diary counts as not recorded.
"""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is likely, and the most that is possible."""

    likely: float
    most: float = inf


# 10 g of caffeine kill (Jones 2017, doi:10.1093/jat/bkx011); a bottle of spirits is 28 units.
_BY_NAME = {
    "caffeine_mg": Limits(1_000, 10_000),
    "alcohol_units": Limits(20, 100),
    "collagen_g": Limits(60, 500),
    "awakenings": Limits(30, 500),
}
_BY_UNIT = {"min": Limits(720, 1_440), "h": Limits(12, 24), "hours": Limits(12, 24)}
_UNITS = {
    "mg", "g", "mcg", "ug", "iu", "ml", "l", "min", "h", "hours", "units", "km", "steps", "kcal", "cups", "drinks",
}  # fmt: skip
_OTHERWISE = Limits(20_000)


def unit_of(name: str) -> str:
    """The unit at the end of a column's name, such as mg of caffeine_mg; empty where it has none."""
    last = name.lower().rpartition("_")[2]
    return last if "_" in name and last in _UNITS else ""


def limits_of(name: str) -> Limits:
    """What is likely and what is possible for a column."""
    return _BY_NAME.get(name.lower()) or _BY_UNIT.get(unit_of(name)) or _OTHERWISE


def unlikely(name: str, value: object) -> str:
    """A question about an amount that is possible but unlikely; empty where there is none."""
    likely = limits_of(name).likely
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > likely:
        return ""
    return f"{name} {value:,.0f} is a lot, more than {likely:,.0f}"
