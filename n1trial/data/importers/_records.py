"""Records out of text: JSON and CSV from strangers, bounded and checked against a declared shape.

A shape is a `msgspec.Struct`. It is checked while decoding, at the speed of C and with the limits of its
fields, and what it does not name is skipped unread: private fields never become Python objects.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Annotated

import msgspec

from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._source import Member, Source
from n1trial.errors import ExportError
from n1trial.markup.text import encoding_of

DEPTH_LIMIT = 64
RECORD_LIMIT = 1024**2
# A hundred years of four sleeps a day.
SLEEPS_LIMIT = 150_000
# Ten years of stages in one table are 200,000.
LINES_LIMIT = 1_000_000
# Twenty years of Fitbit or Oura have a million.
_VALUES_LIMIT = 2_000_000
# Two days bound every duration of one record; longer numbers are damage, and would cost memory as epochs.
Seconds = Annotated[float, msgspec.Meta(ge=0, le=172_800)]
Minutes = Annotated[float, msgspec.Meta(ge=0, le=2_880)]
Label = Annotated[str, msgspec.Meta(max_length=200)]
Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]

_NULL_TOKENS = frozenset({"", "n/a", "none", "null", "nan", "nat", "--"})
_LONGEST_NULL = max(map(len, _NULL_TOKENS))
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def bounded[Item](items: Iterable[Item], where: str, *, limit: int = SLEEPS_LIMIT) -> Iterator[Item]:
    """Pass items on, and refuse more than any export holds before they fill the memory."""
    for number, item in enumerate(items):
        if number >= limit:
            raise ExportError(
                f"holds more than {limit} records", place=where, remedy="export fewer dates at once"
            )
        yield item


def text_lines(source: Source, member: Member) -> Iterator[tuple[str, str]]:
    """Lines of a text member without their ends, one at a time, each with the place that messages name."""
    content = source.read(member)
    with refusing(member.where, "save it as UTF-8, or download the export again"):
        lines = io.TextIOWrapper(io.BytesIO(content), encoding=encoding_of(content))
        every = iter(lambda: lines.readline(RECORD_LIMIT + 1), "")
        for number, line in enumerate(bounded(every, member.where, limit=LINES_LIMIT), start=1):
            where = f"{member.where} › line {number}"
            if len(line) > RECORD_LIMIT:
                raise ExportError("larger than 1 MiB", place=where, remedy="download the export again")
            yield where, line.rstrip("\n")


def decode_text(content: bytes, where: str) -> str:
    """Text of a file in UTF-8, in UTF-16, or in what spreadsheets of China and of the West write."""
    with refusing(where, "save it as UTF-8, or download the export again"):
        return content.decode(encoding_of(content))


def read_json(source: Source, member: Member) -> bytes:
    """Return the UTF-8 bytes of a JSON member that is neither too deep nor too dense to be decoded safely."""
    content = source.read(member)
    if content.startswith(codecs.BOM_UTF8) or encoding_of(content) != "utf-8-sig":
        content = decode_text(content, member.where).encode()
    # Every value becomes an object of 56 bytes or more, be it one byte in the file.
    if len(content) > _VALUES_LIMIT and sum(map(content.count, b",[{")) > _VALUES_LIMIT:
        raise ExportError(
            f"holds more than {_VALUES_LIMIT} values", place=member.where, remedy="export fewer dates at once"
        )
    if _too_deep(content):
        raise ExportError(
            f"JSON nested deeper than {DEPTH_LIMIT}", place=member.where, remedy="download the export again"
        )
    return content


def decode_json[Shape](
    content: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[Shape], where: str
) -> Shape:
    """Decode JSON into its declared shape."""
    try:
        return decoder.decode(content)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ExportError(
            f"not as expected ({_reason(error)})", place=where, remedy="download the export again"
        ) from error
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ExportError(
            f"the JSON is cut short or damaged ({_reason(error)})",
            place=where,
            remedy="download the export again",
        ) from error


def numbered(records: Iterable[msgspec.Raw], member: Member) -> Iterator[tuple[str, msgspec.Raw]]:
    """Records of one JSON member, each with the place that messages name."""
    for number, record in enumerate(records, start=1):
        yield f"{member.where} › record {number}", record


def decode_record[Shape](record: msgspec.Raw, decoder: msgspec.json.Decoder[Shape], where: str) -> Shape:
    """Decode one record of a JSON member into its declared shape."""
    if len(memoryview(record)) > RECORD_LIMIT:
        raise ExportError("larger than 1 MiB", place=where, remedy="download the export again")
    return decode_json(record, decoder, where)


def decode_records[Shape](
    records: Sequence[msgspec.Raw], decoder: msgspec.json.Decoder[Shape], member: Member
) -> Iterator[tuple[str, Shape]]:
    """Decode the records of one JSON member one by one, each with the place that messages name."""
    for where, record in numbered(records, member):
        yield where, decode_record(record, decoder, where)


def read_cells(source: Source, member: Member) -> Iterator[tuple[str, list[str]]]:
    """Lines of a CSV member, cell by cell, each with the place that messages name; blank lines are left out.

    The delimiter is the one of the first line.
    """
    content = source.read(member)
    with refusing(member.where, "save it as UTF-8, or download the export again"):
        lines = io.TextIOWrapper(io.BytesIO(content), encoding=encoding_of(content), newline="")
        first_line = lines.readline()
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    reader = csv.reader(chain([first_line], lines), delimiter=delimiter, strict=True)
    while True:
        where = f"{member.where} › line {reader.line_num + 1}"
        try:
            cells = next(reader, None)
        except (csv.Error, UnicodeError) as error:
            raise ExportError(
                f"not CSV ({_reason(error)})", place=where, remedy="download the export again"
            ) from error
        if cells is None:
            return
        if reader.line_num > LINES_LIMIT:
            raise ExportError(
                f"longer than {LINES_LIMIT} lines", place=where, remedy="export fewer dates at once"
            )
        if sum(map(len, cells)) > RECORD_LIMIT:
            raise ExportError("larger than 1 MiB", place=where, remedy="download the export again")
        if any(cells):
            yield where, cells


def read_rows(source: Source, member: Member) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a CSV member by column name, empty and null cells left out, each with the place messages name.

    A row with more or fewer cells than the header is refused: shifted columns would give wrong numbers
    without a word.
    """
    header: list[str] = []
    for where, cells in read_cells(source, member):
        if header:
            yield where, named_cells(header, cells, where)
        else:
            header = column_names(cells, where)


def column_names(cells: Sequence[str], where: str) -> list[str]:
    """Return the names of a header line, none of them twice."""
    header = [name.strip() for name in cells]
    if len(set(header)) < len(header):
        raise ExportError("a column occurs twice", place=where, remedy="download the export again")
    return header


def named_cells(header: Sequence[str], cells: Sequence[str], where: str) -> dict[str, str]:
    """Cells of a row by column name; empty and null cells are left out."""
    if len(cells) != len(header):
        raise ExportError(
            f"{len(cells)} cells under {len(header)} columns", place=where, remedy="download the export again"
        )
    row = {}
    for name, cell in zip(header, cells, strict=True):
        text = cell.strip()
        if len(text) > _LONGEST_NULL or text.casefold() not in _NULL_TOKENS:
            row[name] = text
    return row


def convert_row[Shape](row: dict[str, str], shape: type[Shape], where: str) -> Shape:
    """Turn the cells of a row into a declared shape; ``"420"`` becomes a number where the shape wants one."""
    try:
        return msgspec.convert(row, shape, strict=False)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise ExportError(
            f"not as expected ({_reason(error)})", place=where, remedy="download the export again"
        ) from error


def plausible_wall(wall: datetime, where: str) -> datetime:
    """Return the wall clock unless no wearable can have written it."""
    if not 1990 <= wall.year < 2100:
        raise ExportError(f"sleep in the year {wall.year}", place=where, remedy="download the export again")
    return wall


def _reason(error: Exception) -> str:
    reason = printable(str(error))
    return reason if reason.startswith("JSON") else reason[:1].lower() + reason[1:]


def _too_deep(content: bytes) -> bool:
    # Brackets inside strings count in the quick look; only when it finds too many are strings taken out
    # first.
    return _levels(content) > DEPTH_LIMIT and _levels(_JSON_STRING.sub(b"", content)) > DEPTH_LIMIT


def _levels(content: bytes) -> int:
    # Take away the innermost pairs of brackets, all at once, until none is left: as many rounds as levels.
    brackets = content.translate(_ONE_KIND, _NO_BRACKETS)
    levels = 0
    while levels <= DEPTH_LIMIT:
        fewer = brackets.replace(b"[]", b"")
        if len(fewer) == len(brackets):
            break
        brackets, levels = fewer, levels + 1
    return levels + len(brackets)
