"""A damaged record refuses itself, by file › record, and never the whole export.

Its night must not pass for whole: where the record still says when it began, a record without numbers stands in for
it, so that the night is missing or flagged. Where most records of a file are damaged, the file is refused: whatever
spoiled them may have spoiled the rest without a trace.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from n1trial.data.episodes import Moment, SleepEpisode
from n1trial.data.importers._notes import Note
from n1trial.data.importers._source import Member, Source
from n1trial.data.not_used import NotUsed
from n1trial.errors import ExportError, HomeZoneError

# A file of nothing but damage would fill the memory with errors before its end is reached.
MANY = 10_000
ADVICE = "download the export again"
_NAMED = 5


def whole_records[Record](
    records: Iterable[tuple[str, Record]],
    build: Callable[[str, Record], Iterable[SleepEpisode]],
    *,
    source: Source,
    member: Member,
    began: Callable[[str, Record], Moment | None] = lambda where, record: None,
    advice: str = ADVICE,
) -> Iterator[SleepEpisode]:
    """Build the sleep of every record of a file, and say which records could not be read.

    Parameters
    ----------
    records
        Each with its place, ``file › record 3`` or ``file › line 7``.
    build
        Sleep episodes of a record, none where it holds no sleep. An `ExportError` of it refuses the record alone; a
        `HomeZoneError` the export.
    began
        When a damaged record began, as far as it can still be read; whatever it raises means that it cannot.
    advice
        What to do about damaged records.

    Raises
    ------
    ExportError
        More than half of the records are damaged: the first one's error.
    """
    total = count = 0
    # Not all of them: a file of nothing but damage would fill the memory with what is wrong with it.
    refused: list[ExportError] = []
    for where, record in records:
        total += 1
        try:
            episodes = list(build(where, record))
        except HomeZoneError:
            raise
        except ExportError as error:
            count += 1
            if len(refused) < _NAMED:
                refused.append(error)
            episodes = list(_stand_in(where, record, began, member))
        yield from episodes
        if count > MANY and 2 * count > total:
            break
    if 2 * count > total:
        raise refused[0]
    if refused:
        source.note(rejection(member, refused, total=total, count=count, advice=advice))


def rejection(
    member: Member,
    refused: Sequence[ExportError],
    *,
    total: int,
    count: int | None = None,
    advice: str = ADVICE,
) -> Note:
    """Say how many records of a file could not be read, where they stand, and why the first could not.

    Parameters
    ----------
    refused
        All of them, or the first few where `count` says how many there are.
    advice
        What to do about it.
    """
    count = len(refused) if count is None else count
    named = [error.place.removeprefix(f"{member.where} › ") for error in refused[:_NAMED]]
    if count > _NAMED:
        named.append(f"and {count - _NAMED} more")
    return Note(
        f"{member.where}: {count} of {total} records cannot be read ({'; '.join(named)}; the first:"
        f" {refused[0].problem}): their nights are missing or incomplete, {advice}"
    )


def _stand_in[Record](
    where: str, record: Record, began: Callable[[str, Record], Moment | None], member: Member
) -> Iterator[SleepEpisode]:
    try:
        start = began(where, record)
    except (ExportError, ValueError, TypeError, LookupError, OverflowError):
        return
    if start is not None:
        # `read_exports` fills in the source.
        yield SleepEpisode(
            source="",
            source_file=member.where,
            record_id=f"{NotUsed.DAMAGED} {start.isoformat()}",
            start=start,
            # Its length is not known.
            end=start,
            time_basis="naive_local" if start.offset is None else "utc+offset",
            missing=NotUsed.DAMAGED,
        )
