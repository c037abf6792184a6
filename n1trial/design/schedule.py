"""Which arm on which night: drawn at random, kept as a table and a CSV file."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pandas as pd

from n1trial.design.allocation import words
from n1trial.design.protocol import Protocol
from n1trial.errors import ScheduleError
from n1trial.markup.html_repr import card, line
from n1trial.system.arguments import date_of

COLUMNS = ("night", "phase", "block", "period", "arm", "washout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The plan of every night.

    Attributes
    ----------
    table : DataFrame [night]
        One row a night: `night` (date of the evening), `phase` ("run-in" or "trial"), `block` and `period` (numbered
        from 1, 0 in the run-in), `arm` (the reference arm in the run-in), and `washout` (True where the night is
        planned to be left out of the analysis).
    protocol_sha256 : str
        Fingerprint of the protocol that it was drawn for, 64 hexadecimal digits.
    seed : str
        The seed that it was drawn with, 64 hexadecimal digits; empty while the arms are hidden.

    Examples
    --------
    >>> from n1trial import randomise, read_protocol
    >>> schedule = randomise(read_protocol("dose-timing"), start="2026-01-05", seed="5a" * 32)
    >>> schedule
    <Schedule: first evening 2026-01-05, nights 133>
    >>> list(schedule.table.columns)
    ['night', 'phase', 'block', 'period', 'arm', 'washout']
    """

    table: pd.DataFrame
    protocol_sha256: str
    seed: str

    @property
    def start(self) -> date:
        """The first evening."""
        first: pd.Timestamp = self.table["night"].iloc[0]
        return first.date()

    def __repr__(self) -> str:
        return line("Schedule", {"first evening": self.start, "nights": len(self.table)})

    def _repr_html_(self) -> str:
        trial = self.table[self.table["phase"] == "trial"]
        counted = {"nights": len(self.table), "blocks": trial["block"].nunique()}
        periods = trial.drop_duplicates("period")[["night", "block", "period", "arm"]]
        return card("Schedule", {"first evening": self.start, **counted}, periods)


def randomise(protocol: Protocol, *, start: date | str, seed: str) -> Schedule:
    """Draw a schedule exactly uniformly from all that the protocol's design admits.

    Parameters
    ----------
    protocol : Protocol
        Arms, blocks, nights a period, and which orders may be drawn.
    start : date or str
        The evening of the first night; as text 2026-01-31.
    seed : str
        64 hexadecimal digits, such as `new_seed` makes; with the protocol it determines the schedule.

    Returns
    -------
    Schedule
        One row a night, run-in first.

    Raises
    ------
    ArgumentError
        `start` is no date.
    ScheduleError
        The seed is not 64 hexadecimal digits, or the trial would run past the year 9999.

    Notes
    -----
    The draw uses SHA-256 in counter mode, so that it is the same on every machine and with every version; see
    `n1trial.design.allocation.stream`.

    Examples
    --------
    >>> from n1trial import randomise, read_protocol
    >>> protocol = read_protocol("fast-glycine-screen")
    >>> schedule = randomise(protocol, start="2026-01-05", seed="5a" * 32)
    >>> sorted(schedule.table.loc[schedule.table["block"] == 1, "arm"])
    ['glycine', 'none']
    """
    start = date_of(start, "start")
    design = protocol.design
    stream = words(protocol_sha256=protocol.sha256, seed=seed)
    rows: list[tuple[str, int, int, str, bool]] = [
        ("run-in", 0, 0, protocol.reference, False) for _ in range(design.run_in_nights)
    ]
    periods = count(1)
    for block, order in enumerate(protocol.admissible.draw(stream), start=1):
        for arm in order:
            period = next(periods)
            rows += [
                ("trial", block, period, arm, night < design.washout_nights)
                for night in range(design.period_nights)
            ]
    try:
        nights = [start + timedelta(days=day) for day in range(len(rows))]
    except OverflowError as error:
        raise ScheduleError(f"schedule: start {start} is too late: choose an earlier date") from error
    table = pd.DataFrame(rows, columns=list(COLUMNS[1:]))
    table.insert(0, "night", pd.to_datetime(nights).as_unit("s"))
    return Schedule(table=table, protocol_sha256=protocol.sha256, seed=seed)


def schedule_csv(schedule: Schedule) -> str:
    """The schedule as CSV text, one row a night."""
    table = schedule.table.assign(
        night=schedule.table["night"].dt.strftime("%Y-%m-%d"), washout=schedule.table["washout"].astype(int)
    )
    return table.to_csv(index=False, lineterminator="\n")


def read_schedule(path: Path, *, protocol_sha256: str, seed: str) -> Schedule:
    """Read a schedule written by `schedule_csv`.

    Raises
    ------
    ScheduleError
        The file is missing, lacks a column, or holds a date or number that cannot be read.
    """
    try:
        table = pd.read_csv(path, dtype={"phase": "str", "arm": "str"}, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ScheduleError(f"{path.name}: cannot be read ({error}): restore it from a backup") from error
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise ScheduleError(f"{path.name}: no column {missing[0]!r}: restore it from a backup")
    try:
        table = table.assign(
            night=pd.to_datetime(table["night"], format="%Y-%m-%d").dt.as_unit("s"),
            block=table["block"].astype(int),
            period=table["period"].astype(int),
            washout=table["washout"].astype(int).astype(bool),
        )
    except ValueError as error:
        raise ScheduleError(f"{path.name}: a date or number cannot be read ({error}): restore it") from error
    return Schedule(table=table[list(COLUMNS)], protocol_sha256=protocol_sha256, seed=seed)
