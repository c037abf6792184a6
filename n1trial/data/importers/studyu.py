"""StudyU: what a person answered each morning, from the table of measurements of a study.

Where to get it: the StudyU Designer, the study, Analyze, Export data; a zip with ``measurements.csv`` comes. Whoever
made the study chose its questions, so put ``studyu.yaml`` beside the table, in the zip or in a folder, which says
which question holds what::

    start: When did you fall asleep?       # the question, word for word; answered by a time; required
    end: When did you wake up?             # answered by a time; required
    tst: How many hours did you sleep?     # answered by a number; required
    awakenings: How often did you wake up? # optional; also sol and waso, durations
    unit: h                                # of all durations: h (if absent), min or s
    participant: 3f0a…                     # its participant_id, when the table holds several people

What is odd: a row is one questionnaire, and the columns of all questions stand in each, named by number
(``survey1_question2_text``, ``…_response``). Only the clock of an answer counts: the sleep ended the last time that it
showed ``end`` before the questionnaire was sent, and began the last time that it showed ``start`` before that. The
moment of sending may be in UTC, so the home zone is needed. The columns of the intervention are not read.

What cannot be trusted: memory. These nights are a diary, not a device; nobody measured a wake, so there are no
wake episodes, and awakenings are the person's own count. Sleep that StudyU took from a Fitbit is not in the table.

Source: ``study_export.dart`` and ``study_export_zip.dart`` of github.com/hpi-studyu/studyu (read 2026-11-24). Not
verified on a real file.
"""

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from functools import lru_cache, partial
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from n1trial.data.episodes import Moment, SleepEpisode, clock_change
from n1trial.data.flags import Flag
from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._beginnings import ANY_NAME, header_names
from n1trial.data.importers._clock import read_time
from n1trial.data.importers._damaged import whole_records
from n1trial.data.importers._records import (
    Count,
    Label,
    column_names,
    convert_row,
    decode_text,
    named_cells,
    plausible_wall,
    read_rows,
)
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers._tables import open_table
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError, HomeZoneError

DEVICE = "StudyU"
LOOKS_FOR = "measurements.csv of StudyU with studyu.yaml beside it"
WORDS: tuple[bytes, ...] = (
    b"measurement_time",
    b"participant_id",
    b"survey1_id",
    b"measurement_id",
    b"intervention",
)
FOLDERS: tuple[str, ...] = ()
VERIFIED = False
VERIFIED_ON = "no real file; StudyU's own source"

_TABLE = re.compile(r"measurements[^/]*\.csv")
_MAPPING = re.compile(r"studyu\.ya?ml")
_MARKS = {"measurement_time", "participant_id", "survey1_id"}
_MAPPING_LIMIT = 64 * 1024
_QUESTION = re.compile(r"survey\d+_question\d+_text")
_CLOCK = re.compile(
    r"(?:\d{4}-\d\d-\d\d[ T])?(\d\d?)[:.](\d\d)(?::\d\d(?:\.\d+)?)?Z?\s*(?:([ap])\.?m\.?)?", re.I
)
_MINUTES = {"s": 1 / 60, "min": 1.0, "h": 60.0}
_DAY = timedelta(days=1)


class _Mapping(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    start: Label
    end: Label
    tst: Label
    sol: Label | None = None
    waso: Label | None = None
    awakenings: Label | None = None
    unit: Literal["min", "s", "h"] = "h"
    participant: Label | None = None


class _Answers(msgspec.Struct):
    start: Label | None = None
    end: Label | None = None
    tst: float | None = None
    sol: float | None = None
    waso: float | None = None
    awakenings: float | None = None


def recognises(source: Source) -> bool:
    """Whether the source holds a table of measurements: by its columns."""
    return any(_tables(source))


def read(source: Source, *, home_zone: ZoneInfo | None) -> Iterator[SleepEpisode]:
    """Read every questionnaire with a sleep in it; `home_zone` is the clock of the answers."""
    tables = list(_tables(source))
    mapping = _mapping(source, tables)
    for member in tables:
        where, names, rows = open_table(source, member)
        header = column_names(names, where)
        yield from whole_records(
            _of_participant(rows, header, mapping),
            partial(_episodes, header=header, mapping=mapping, member=member, home_zone=home_zone),
            source=source,
            member=member,
            advice="correct the answers",
        )


def _tables(source: Source) -> Iterator[Member]:
    for member in source.named(_TABLE, given=ANY_NAME):
        if set(header_names(source, member)) >= _MARKS:
            yield member


def _of_participant(
    rows: Iterator[tuple[str, list[str]]], header: list[str], mapping: _Mapping
) -> Iterator[tuple[str, list[str]]]:
    """Rows of the person whose trial it is, and damaged rows, which name no participant."""
    people = set()
    for where, cells in rows:
        if len(cells) == len(header):
            participant = named_cells(header, cells, where).get("participant_id", "")
            people.add(participant)
            if mapping.participant is None and len(people) > 1:
                raise ExportError(
                    "a second person answers",
                    place=where,
                    remedy="name yours as participant in studyu.yaml (participant_id)",
                )
            if mapping.participant not in (None, participant):
                continue
        yield where, cells


def _episodes(
    where: str,
    cells: list[str],
    *,
    header: list[str],
    mapping: _Mapping,
    member: Member,
    home_zone: ZoneInfo | None,
) -> Iterator[SleepEpisode]:
    row = named_cells(header, cells, where)
    answers = _answers(row, mapping, where)
    times = answers.start, answers.end
    if None not in times:
        yield _episode(answers, row, mapping, member, where, home_zone)
    elif any(answer is not None for answer in (*times, answers.tst)):
        raise ExportError(
            "a sleep without the time of its start or end", place=where, remedy="answer it, or leave it out"
        )


def _mapping(source: Source, tables: list[Member]) -> _Mapping:
    mappings = source.named(_MAPPING)
    if len(mappings) != 1:
        questions = _questions(source, tables[0])
        raise ExportError(
            f"{len(mappings)} files studyu.yaml beside StudyU's table",
            place=source.label,
            remedy="write one that says which question is start, end and tst; the questions are:"
            f" {printable('; '.join(questions), longest=1000)}",
        )
    return _read_mapping(source.read(mappings[0], limit=_MAPPING_LIMIT), mappings[0].where)


@lru_cache(maxsize=8)
def _read_mapping(content: bytes, where: str) -> _Mapping:
    text = decode_text(content, where)
    with refusing(where, "write it as in the documentation"):
        try:
            return msgspec.convert(YAML(typ="safe", pure=True).load(text), _Mapping)
        except (YAMLError, msgspec.ValidationError) as error:
            reason = printable(str(error))
            raise ExportError(
                f"does not say which question is what ({reason})", place=where, remedy="correct it"
            ) from error


def _questions(source: Source, member: Member) -> list[str]:
    for _, row in read_rows(source, member):
        return [text for column, text in row.items() if _QUESTION.fullmatch(column)]
    return []


def _answers(row: dict[str, str], mapping: _Mapping, where: str) -> _Answers:
    asked = {text: column for column, text in row.items() if _QUESTION.fullmatch(column)}
    given = {}
    for field in _Answers.__struct_fields__:
        question = getattr(mapping, field)
        if question is not None and question not in asked:
            raise ExportError(
                f"has no question {printable(question)}, which studyu.yaml names",
                place=where,
                remedy="correct it, word for word",
            )
        answer = row.get(asked[question].removesuffix("text") + "response") if question is not None else None
        if answer is not None:
            given[field] = answer
    return convert_row(given, _Answers, where)


def _episode(
    answers: _Answers,
    row: dict[str, str],
    mapping: _Mapping,
    member: Member,
    where: str,
    home_zone: ZoneInfo | None,
) -> SleepEpisode:
    sent = _sent(row.get("measurement_time", ""), where, home_zone)
    end_wall = _last_time(answers.end or "", before=sent, where=where)
    start, end = (
        Moment.in_zone(plausible_wall(wall, where), home_zone)
        for wall in (_last_time(answers.start or "", before=end_wall, where=where), end_wall)
    )
    return SleepEpisode(
        source="studyu",
        source_file=member.where,
        record_id=f"{row.get('measurement_id', '')}/{row.get('measurement_time', '')}",
        start=start,
        end=end,
        time_basis="naive_local",
        tib_min=end.minutes_since(start),
        tst_min=_minutes(answers.tst, mapping, where),
        sol_min=_minutes(answers.sol, mapping, where),
        waso_min=_minutes(answers.waso, mapping, where),
        vendor_awakenings=_count(answers.awakenings, where),
        missing=NotUsed.NO if answers.tst is not None else NotUsed.UNSCORED,
        device="StudyU diary",
        flags=(Flag("diary"), *clock_change(start, end)),
    )


def _sent(text: str, where: str, home_zone: ZoneInfo | None) -> datetime:
    stamp = read_time(text, where)
    with refusing(where):
        if stamp.tzinfo is None:
            return stamp
        if home_zone is None:
            raise HomeZoneError(
                f"sent at {printable(text)}, which is UTC", place=where, remedy="give --home-zone"
            )
        return stamp.astimezone(home_zone).replace(tzinfo=None)


def _last_time(answer: str, *, before: datetime, where: str) -> datetime:
    """The last moment before another at which the clock showed what was answered."""
    clock = _CLOCK.fullmatch(answer)
    with refusing(where, "correct it, or name another question in studyu.yaml"):
        if clock is None:
            raise ValueError(f"no time is {printable(answer)}")
        hour = int(clock[1]) % 12 + 12 * (clock[3] in "pP") if clock[3] else int(clock[1])
        shown = datetime.combine(before.date(), time(hour, int(clock[2])))
        return shown if shown < before else shown - _DAY


def _minutes(value: float | None, mapping: _Mapping, where: str) -> float | None:
    if value is None:
        return None
    minutes = value * _MINUTES[mapping.unit]
    if not 0 <= minutes <= 24 * 60:
        raise ExportError(
            f"a duration of {value:g} {mapping.unit}", place=where, remedy="see unit in studyu.yaml"
        )
    return minutes


def _count(value: float | None, where: str) -> int | None:
    # A slider answers 3.0.
    return None if value is None else convert_row({"count": f"{value:.0f}"}, _Counted, where).count


class _Counted(msgspec.Struct):
    count: Count
