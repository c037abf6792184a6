"""What commands take: files, folders, dates, and the clock they read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from n1trial.errors import N1TrialError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Evening(click.ParamType):  # type: ignore[type-arg]
    """A date as 2026-01-31; written another way it is refused, with the date as it should be written."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the date; what a person of another country would have meant is suggested, never assumed."""
        from n1trial.data.diary.cells import read_date

        if isinstance(value, date):
            return value
        written = str(value)
        try:
            day = read_date(written)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if written != day.isoformat():
            self.fail(f"{written!r} is not how a date is written here: write {day}", param, ctx)
        return day


class TrialPath(click.Path):
    """The folder of a trial, which comes before the files that go into it."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Take the folder; a file in its place was given in the wrong order."""
        path = Path(str(super().convert(value, param, ctx)))  # type: ignore[arg-type]
        if path.is_file():
            self.fail(
                f"{path.name} is a file: the trial folder comes first, and files for it after that",
                param,
                ctx,
            )
        return path


EXIT_INTERRUPTED = 130
FOLDER = click.Path(path_type=Path, file_okay=False)
TRIAL = TrialPath()
FILE = click.Path(path_type=Path, dir_okay=False)
ANY_PATH = click.Path(path_type=Path)
DATE = Evening()
YES = click.option("--yes", is_flag=True, help="Do it without asking, however odd it looks.")
SCHEDULER = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Work on your own Dask cluster, such as tcp://127.0.0.1:8786, to which the work is sent. Without it,"
    " nothing leaves this machine.",
)

SAMPLER_SEED = click.option(
    "--sampler-seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    help="Seed of the sampler.",
)
PRIOR_WIDTH = click.option(
    "--prior-width",
    type=click.FloatRange(0.1, 100.0),
    default=1.0,
    show_default=True,
    help="How many times as wide the priors of effects are; they are for supplements.",
)


def settle(doubts: Iterable[str], *, yes: bool) -> None:
    """Ask about everything that looks odd; where nobody can be asked, refuse it unless `yes` was given.

    Raises
    ------
    N1TrialError
        It looks odd, and nobody can be asked.
    """
    import sys

    unsettled = [] if yes else list(doubts)
    if unsettled and not sys.stdin.isatty():
        raise N1TrialError("\n".join(f"{doubt}: add --yes if it is so" for doubt in unsettled))
    for doubt in unsettled:
        click.confirm(f"{doubt}. Go on", abort=True, err=True)


def now() -> datetime:
    """The moment of the call, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The date on this computer's calendar."""
    return datetime.now().astimezone().date()
