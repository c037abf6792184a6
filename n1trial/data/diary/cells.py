"""What one cell of a diary may say, and in which ways people and their spreadsheets write it.

A reader takes the cell's text, not empty, and raises `ValueError`: *what is wrong (value): what to do*.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date, time

from n1trial.data.diary.amounts import limits_of, unit_of
from n1trial.design.protocol import Protocol

# `strftime` and `calendar` use the computer's language; messages are English.
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS = (
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"),
)
DONT_KNOW = "?"
YES = ("yes", "y", "ja", "j", "1", "x", "true", "wahr")
NO = ("no", "n", "nein", "0", "false", "falsch")
# A spreadsheet runs a cell that begins with one of these as a formula
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class NoAmountError(ValueError):
    """What earlier versions took for an amount and is none: "yes" to a question how much, or more than is possible."""


def quoted(cell: str) -> str:
    """The cell as an error message shows it, cut to 40 characters."""
    return repr(cell if len(cell) <= 40 else f"{cell[:39]}…")


def read_date(cell: str, *, day_first: bool | None = None) -> date:
    """A date as 2026-01-31, 31.01.2026, 31.01.26 or 1/31/2026, a weekday before it or not.

    Parameters
    ----------
    day_first
        What comes first in 3/4/2026; None: not known, and such a date is refused unless both are the same.
    """
    weekday, written = _weekday(cell)
    iso = re.fullmatch(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ]00:00(?::00)?)?", written, re.ASCII)
    if iso:
        day = _day(cell, *map(int, iso.groups()))
    elif dotted := re.fullmatch(r"(\d\d?)\.(\d\d?)\.(\d{4}|\d\d)", written, re.ASCII):
        day = _day(cell, _year(dotted[3]), int(dotted[2]), int(dotted[1]))
    else:
        day = _one_of(slashed_dates(written), cell, day_first=day_first)
    if weekday is not None and day.weekday() != weekday:
        raise ValueError(
            f"{day} is a {WEEKDAYS[0][day.weekday()].capitalize()} ({quoted(cell)}): correct one of the two"
        )
    return day


def slashed_dates(cell: str) -> tuple[date | None, date | None]:
    """The two readings of a date such as 3/4/2026, day first and month first; None where it is no such date."""
    slashed = re.fullmatch(r"(\d\d?)/(\d\d?)/(\d{4}|\d\d)", _weekday(cell)[1], re.ASCII)
    if not slashed:
        return None, None
    year, one, other = _year(slashed[3]), int(slashed[1]), int(slashed[2])
    return _possible(year, other, one), _possible(year, one, other)


def _one_of(readings: tuple[date | None, date | None], cell: str, *, day_first: bool | None) -> date:
    possible = {reading for reading in readings if reading}
    if not possible:
        kind = "no such date" if re.fullmatch(r"\d\d?/\d\d?/\d+", cell, re.ASCII) else "not a date"
        raise ValueError(f"{kind} ({quoted(cell)}): write it as 2026-01-31")
    if len(possible) > 1:
        wanted = None if day_first is None else readings[0 if day_first else 1]
        if wanted is None:
            raise ValueError(
                f"day and month cannot be told apart ({quoted(cell)}): write the date as 2026-01-31"
            )
        return wanted
    return possible.pop()


def _weekday(cell: str) -> tuple[int | None, str]:
    """The day of the week that stands before a date, Monday is 0, and the rest of the cell."""
    named = re.fullmatch(r"([^\W\d_]{2,10})\.?,?\s*(\d.*)", cell)
    for names in WEEKDAYS if named else ():
        for number, name in enumerate(names):
            if named and name.startswith(named[1].lower()):
                return number, named[2]
    return None, cell


def _year(written: str) -> int:
    return int(written) + (2000 if len(written) == 2 else 0)


def _possible(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _day(cell: str, year: int, month: int, day: int) -> date:
    possible = _possible(year, month, day)
    if possible is None:
        if 1 <= month <= 12 and year:
            last = monthrange(year, month)[1]
            why = f"{MONTHS[month - 1]} {year} has {last} days"
        else:
            why = "a year has the months 1 to 12"
        raise ValueError(f"no such date ({quoted(cell)}), {why}: correct it")
    return possible


def read_clock(cell: str) -> str:
    """A time of day as 22:15, also from 22:15:00, 22.15 and 10:15 PM."""
    match = re.fullmatch(r"(\d\d?)[:.](\d\d)(?::\d\d)?\s*([AaPp])?(?(3)\.?[Mm]\.?)", cell, re.ASCII)
    hour, minute = (int(match[1]), int(match[2])) if match else (99, 99)
    if match and match[3]:
        hour = hour % 12 + (12 if match[3].lower() == "p" else 0) if 1 <= hour <= 12 else 99
    if hour > 23 or minute > 59:
        raise ValueError(f"not a time of day ({quoted(cell)}): write it as 22:15")
    return f"{time(hour, minute):%H:%M}"


def read_yes_or_no(cell: str) -> bool:
    """Yes or no, in English or German, as 1 or 0, or a cross for yes."""
    if cell.lower() in YES:
        return True
    if cell.lower() in NO:
        return False
    raise ValueError(f"neither yes nor no ({quoted(cell)}): write yes, no, or leave it empty")


def guess_reader(protocol: Protocol) -> Callable[[str], str]:
    """A reader of guesses: an arm's name or label, or don't know."""
    names = {arm.label.lower(): arm.name for arm in protocol.arms} | {
        name: name for name in protocol.arm_names
    }

    def read(cell: str) -> str:
        if cell.lower().replace("\u2019", "'") in (DONT_KNOW, "don't know", "dont know"):
            return DONT_KNOW
        if cell.lower() not in names:
            raise ValueError(
                f"no arm of that name ({quoted(cell)}): choose from {', '.join(protocol.arm_names)}, or"
                f" {DONT_KNOW} for don't know"
            )
        return names[cell.lower()]

    return read


def word_reader(words: Sequence[str]) -> Callable[[str], str]:
    """A reader of one of these words, however capitalised."""
    known = {word.lower(): word for word in words}

    def read(cell: str) -> str:
        if cell.lower() not in known:
            raise ValueError(f"none of its words ({quoted(cell)}): choose from {', '.join(words)}")
        return known[cell.lower()]

    return read


def read_number(cell: str) -> float:
    """A number of 0 or more, with decimal point or comma; 1.000 is refused, it may mean a thousand."""
    if re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", cell, re.ASCII):
        raise ValueError(f"may mean a thousand ({quoted(cell)}): write it without dot and comma")
    if not re.fullmatch(r"\d{1,9}(?:[.,]\d{1,6})?", cell, re.ASCII):
        raise ValueError(f"not a number of 0 or more ({quoted(cell)}): write it in digits, or leave it empty")
    return float(cell.replace(",", "."))


def read_score(cell: str) -> float:
    """A number from 0 to 10."""
    number = read_number(cell)
    if number > 10:
        raise ValueError(f"not between 0 and 10 ({quoted(cell)}): correct it")
    return number


def read_count(cell: str) -> float:
    """A whole number of 0 or more."""
    number = read_number(cell)
    if number % 1:
        raise ValueError(f"not a whole number ({quoted(cell)}): correct it")
    return number


def amount_reader(name: str) -> Callable[[str], float]:
    """A confounder's reader: a score or an amount where its name ends in a unit, else a number or yes or no.

    What nobody can have taken or done in a day is refused; what is merely unlikely is for `unlikely` to say.
    """
    if name.lower().endswith("_0_to_10"):
        return read_score
    unit = unit_of(name)

    def read(cell: str) -> float:
        if cell.lower() in YES + NO and not cell.isdecimal():
            answer = read_yes_or_no(cell)
            if unit and answer:
                raise NoAmountError(
                    f"how many {unit} ({quoted(cell)}): write the amount in digits, 0 for none"
                )
            return float(answer)
        if not unit and not re.match(r"[\d.,+-]", cell, re.ASCII):
            raise ValueError(
                f"neither yes nor no nor a number ({quoted(cell)}): write yes, no, or leave it empty"
            )
        number, most = read_number(cell), limits_of(name).most
        if number > most:
            raise NoAmountError(f"more than is possible in a day ({quoted(cell)}): correct it")
        return number

    return read


def read_text(cell: str) -> str:
    """Free text, without the apostrophe that keeps a spreadsheet from running it."""
    return cell[1:] if cell[0] == "'" and cell[1:].startswith(FORMULA) else cell
