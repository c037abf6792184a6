"""Text that a person or a device wrote: in which encoding, and made safe to show.

Shown is all of it: nothing hidden, nothing that reorders a line.
"""

import codecs
import math
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal

# Characters that turn the reading direction can make a label say something else than it holds.
_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_LOOKED_AT = 1024
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def encoding_of(content: bytes) -> str:
    """The encoding of a file: by its mark, by the zeros of UTF-16, else the first that can read all of it.

    In all of them digits and separators are the same bytes, so a wrong guess can spoil a name but no number.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Western text in UTF-16 is every other byte a zero, which no text in one-byte letters has.
    beginning = content[:_LOOKED_AT]
    second, first = beginning[1::2].count(0), beginning[::2].count(0)
    if max(first, second) > len(beginning) / 8:
        return "utf-16-le" if second > first else "utf-16-be"
    if content.isascii():
        return "utf-8-sig"
    for encoding in ("utf-8-sig", "gb18030", "cp1252"):
        with suppress(UnicodeDecodeError):
            content.decode(encoding)
            return encoding
    return "utf-8-sig"


def visible(text: str) -> str:
    r"""The same text with control characters written out, as in ``\x01``, so that it is valid in XML.

    Line breaks and tabs become spaces; surrogates, non-characters and direction overrides are written out.
    """
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    code = ord(char)
    if char in "\n\r\t":
        return " "
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"\\x{code:02x}"
    if code in _BIDI or 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE:
        return f"\\u{code:04x}"
    return char


def spreadsheet_safe(cell: str) -> str:
    """A cell of CSV that a spreadsheet shows and never runs: an apostrophe before what would begin a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def from_spreadsheet(cell: str) -> str:
    """The cell as it was before `spreadsheet_safe`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


def shortened(text: str, length: int) -> str:
    """Visible text of at most so many characters, an ellipsis at the end of what is cut."""
    text = visible(text)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def capitalised(text: str) -> str:
    """The text with its first letter large and the others as they were."""
    return text[:1].upper() + text[1:]


def ended(text: str) -> str:
    """The text with a full stop; without a second one where a name such as ``wort, 5 mg.`` brings its own.

    Examples
    --------
    >>> ended("better than on placebo"), ended("better than on wort, 5 mg.")
    ('better than on placebo.', 'better than on wort, 5 mg.')
    """
    return text if text.endswith((".", "!", "?")) else f"{text}."


def as_written(number: float) -> str:
    """A number that a person typed, with all its digits: ``0.5``, ``3,000``, ``1,234.25``."""
    return f"{Decimal(repr(float(number))).normalize() + 0:,f}"


def amount_in_words(amount: float) -> str:
    """An amount that was computed: as it is with two decimals at most, else with three digits or in whole numbers.

    Nothing that is not 0 becomes ``0``.

    Examples
    --------
    >>> amount_in_words(200 / 0.141), amount_in_words(0.5)
    ('1,418', '0.5')
    """
    nearest = round(amount, 2)
    if amount == 0 or math.isclose(amount, nearest, rel_tol=1e-9):
        return as_written(nearest)
    decimals = max(0, 2 - math.floor(math.log10(abs(amount))))
    return as_written(
        float(Decimal(repr(float(amount))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))
    )
