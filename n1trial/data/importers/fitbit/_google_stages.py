"""The table of stages in Google's CSV: a row for every stretch of one stage, by the id of its sleep."""

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import UTC, datetime, timedelta

from n1trial.data.importers._hypnogram import Piece
from n1trial.data.importers._records import bounded, column_names, read_cells
from n1trial.data.importers._source import Member, Source
from n1trial.data.importers.fitbit._google import utc_time
from n1trial.errors import ExportError

_COLUMNS = ("sleep_id", "sleep_stage_type", "sleep_stage_start", "sleep_stage_end")
# Ten years in one file have 200,000.
_STAGES_LIMIT = 500_000
# Each costs as much as a hundred whole ones; as many are no longer an export.
DAMAGED_LIMIT = 5_000
_SECOND = timedelta(seconds=1)


class StageTables:
    """The rows of all stage tables of an export.

    Tables of one folder belong to the sleeps of that folder: another Takeout may hold the same sleep on another
    clock, or analysed another way, and rows of both would count the same minutes twice.
    """

    def __init__(self, source: Source, members: Sequence[Member]) -> None:
        self._by_id: dict[str, dict[str, list[Piece]]] = defaultdict(dict)
        self._damaged: dict[str, ExportError] = {}
        for member in members:
            self._add(source, member)

    @property
    def ids(self) -> Set[str]:
        """The sleeps that have stages, damaged ones among them."""
        return self._by_id.keys() | self._damaged.keys()

    def of(self, sleep_id: str, member: Member, start: datetime) -> Sequence[Piece]:
        """Rows of a sleep of another table, which begins at `start` on that table's clock.

        Raises
        ------
        ExportError
            One of its rows is damaged: what is left would be half a night.
        """
        if sleep_id in self._damaged:
            raise self._damaged[sleep_id]
        by_place = self._by_id.get(sleep_id, {})
        own = by_place.get(place(member))
        if own is not None or not by_place:
            return own or ()
        # Parts of one Takeout lie in several zips.
        return min(by_place.values(), key=lambda rows: abs(min(row.start for row in rows) - start))

    def _add(self, source: Source, member: Member) -> None:
        rows = bounded(read_cells(source, member), member.where, limit=_STAGES_LIMIT)
        where, cells = next(rows, (member.where, []))
        header = column_names(cells, where)
        if absent := [column for column in _COLUMNS if column not in header]:
            raise ExportError(
                f"column {absent[0]} is absent", place=member.where, remedy="download the export again"
            )
        at_id, at_level, at_start, at_end = (header.index(column) for column in _COLUMNS)
        folder = place(member)
        damaged: list[ExportError] = []
        for where, cells in rows:
            if len(cells) != len(header):
                raise ExportError(
                    f"{len(cells)} cells under {len(header)} columns, so nobody knows whose stage it is",
                    place=where,
                    remedy="download the export again",
                )
            sleep_id = cells[at_id].strip()
            try:
                piece = _piece(cells[at_start], cells[at_end], cells[at_level], where)
            except ExportError as error:
                damaged.append(error)
                if len(damaged) > DAMAGED_LIMIT:
                    raise damaged[0] from error
                self._damaged.setdefault(sleep_id, error)
            else:
                self._by_id[sleep_id].setdefault(folder, []).append(piece)


def place(member: Member) -> str:
    """The folder or zip in which a table lies."""
    return member.where.rpartition("/")[0]


def _piece(start_text: str, end_text: str, level: str, where: str) -> Piece:
    start, end = written_time(start_text, where), written_time(end_text, where)
    seconds = (end - start) // _SECOND
    if seconds < 0:
        raise ExportError(
            "a stage that ends before it starts", place=where, remedy="download the export again"
        )
    return Piece(start, level.strip(), seconds)


def written_time(text: str, where: str) -> datetime:
    """Read ``2026-10-02T21:10:30Z`` or ``2026-10-02 21:10:30+0000`` as it is written, without its mark of UTC."""
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError:
        stamp = None
    if stamp is None or stamp.tzinfo is None or not 1990 <= stamp.year < 2100:
        # The slow way finds what is wrong.
        return utc_time(text.strip(), where).replace(tzinfo=None)
    if stamp.utcoffset():
        stamp = stamp.astimezone(UTC)
    return stamp.replace(tzinfo=None, microsecond=0)
