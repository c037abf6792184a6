"""What one cell of a diary may say, and in which ways people and their spreadsheets write it.

A reader takes the cell's text, not empty, and raises `ValueError`: *what is wrong (value): what to do*.
"""

import re
from collections.abc import Callable
from datetime import date, time

from n1trial.protocol import Protocol

DONT_KNOW = "?"
YES = ("yes", "y", "ja", "j", "1", "x", "true", "wahr")
NO = ("no", "n", "nein", "0", "false", "falsch")
# A spreadsheet runs a cell that begins with one of these as a formula
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def quoted(cell: str) -> str:
    """The cell as an error message shows it, cut to 40 characters."""
    return repr(cell if len(cell) <= 40 else f"{cell[:39]}…")


def read_date(cell: str) -> date:
    """A date as 2026-01-31 or 31.01.2026; with slashes only where day and month cannot be confused."""
    iso = re.fullmatch(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ]00:00(?::00)?)?", cell, re.ASCII)
    dotted = re.fullmatch(r"(\d\d?)\.(\d\d?)\.(\d{4})", cell, re.ASCII)
    slashed = re.fullmatch(r"(\d\d?)/(\d\d?)/(\d{4})", cell, re.ASCII)
    if slashed:
        first, second = int(slashed[1]), int(slashed[2])
        if first <= 12 and second <= 12 and first != second:
            raise ValueError(
                f"day and month cannot be told apart ({quoted(cell)}): write the date as 2026-01-31"
            )
        year, month, day = (int(slashed[3]), *((first, second) if second > 12 else (second, first)))
    elif iso:
        year, month, day = int(iso[1]), int(iso[2]), int(iso[3])
    elif dotted:
        year, month, day = int(dotted[3]), int(dotted[2]), int(dotted[1])
    else:
        raise ValueError(f"not a date ({quoted(cell)}): write it as 2026-01-31")
    try:
        return date(year, month, day)
    except ValueError as error:
        raise ValueError(f"no such date ({quoted(cell)}): correct it") from error


def read_clock(cell: str) -> str:
    """A time of day as 22:15, also from 22:15:00 and 10:15 PM."""
    match = re.fullmatch(r"(\d\d?):(\d\d)(?::\d\d)?\s*([AaPp])?(?(3)\.?[Mm]\.?)", cell, re.ASCII)
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
    """A confounder's reader: a score where the name ends so, else an amount, or yes or no."""
    if name.lower().endswith("_0_to_10"):
        return read_score

    def read(cell: str) -> float:
        if cell.lower() in YES + NO and not cell.isdecimal():
            return float(read_yes_or_no(cell))
        return read_number(cell)

    return read


def read_text(cell: str) -> str:
    """Free text, without the apostrophe that keeps a spreadsheet from running it."""
    return cell[1:] if cell[0] == "'" and cell[1:].startswith(FORMULA) else cell
