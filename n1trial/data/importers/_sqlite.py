"""A SQLite database that a stranger made: read-only, in memory when it is in a zip, bounded, and plain tables alone."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import msgspec

from n1trial.data.importers._archive import printable, refusing
from n1trial.data.importers._source import Member, Source
from n1trial.errors import ExportError

_MAGIC = b"SQLite format 3\0"
_SIZE_LIMIT = 512 * 1024**2
# A reader may take so many million steps, and some for every MiB, since whoever counts rows walks over them; a
# database made to keep a reader busy takes more.
_STEPS_LIMIT, _STEPS_A_MIB = 50, 2
_STEP = 1_000_000
_TEXT_LIMIT = 1024**2
_TABLES_LIMIT = 10_000
# Where a header says how the file is read and written: a log beside it, which an export does not have.
_JOURNAL = slice(18, 20)


@contextmanager
def reading(source: Source, member: Member) -> Iterator[sqlite3.Connection]:
    """Open a database that a stranger made: it can write nothing, and never keeps its reader for long.

    Raises
    ------
    ExportError
        The database is damaged, takes too long, or a row of it is not as declared.
    """
    steps, limit = 0, _STEPS_LIMIT

    def too_long() -> bool:
        nonlocal steps
        steps += 1
        return steps > limit

    try:
        with closing(_connect(source, member)) as database:
            pages, page_size = (
                database.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size")
            )
            limit += _STEPS_A_MIB * pages * page_size // 1024**2
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA query_only = ON")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _TEXT_LIMIT)
            database.set_progress_handler(too_long, _STEP)
            yield database
    except (sqlite3.Error, msgspec.ValidationError, UnicodeError, MemoryError) as error:
        # SQLite reports damage of some pages as a lack of memory.
        reason = printable(str(error)) or "damaged"
        raise ExportError(
            f"the database cannot be read ({reason})", place=member.where, remedy="export it again"
        ) from error


def is_database(source: Source, member: Member, *tables: str, names: re.Pattern[str]) -> bool:
    """Whether a member is a database that holds all these tables.

    Of one that is too damaged to say which tables it holds, its name decides: `names`, in full and folded.
    """
    if not source.head(member).startswith(_MAGIC):
        return False
    try:
        with reading(source, member) as database:
            return {table.casefold() for table in tables} <= {
                name.casefold() for name in table_names(database)
            }
    except ExportError:
        return names.fullmatch(member.base_name) is not None


def table_names(database: sqlite3.Connection) -> list[str]:
    """Names of all tables, also those that `has_table` would refuse."""
    rows = database.execute(f"SELECT name FROM sqlite_master WHERE type = 'table' LIMIT {_TABLES_LIMIT}")
    return [str(name) for (name,) in rows]


def has_table(database: sqlite3.Connection, table: str, where: str) -> bool:
    """Whether a database holds a table of this name.

    Raises
    ------
    ExportError
        What is called so is a view or a virtual table, which would run what its maker wrote.
    """
    row = database.execute(
        "SELECT type, sql FROM sqlite_master WHERE name = ? COLLATE NOCASE", (table,)
    ).fetchone()
    if row is not None and (row[0] != "table" or "virtual" in str(row[1])[:40].casefold()):
        raise ExportError(f"{table} is no plain table", place=where, remedy="export it again")
    return row is not None


def _connect(source: Source, member: Member) -> sqlite3.Connection:
    if member.path is not None and not member.refused:
        with refusing(member.where):
            return sqlite3.connect(f"{member.path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    content = bytearray(source.read(member, limit=_SIZE_LIMIT))
    content[_JOURNAL] = b"\1\1"
    database = sqlite3.connect(":memory:")
    with refusing(member.where):
        database.deserialize(content)
    return database
