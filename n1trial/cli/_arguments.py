"""What commands take: files, folders, dates, and the clock they read."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
ANY_PATH = click.Path(path_type=Path)
DATE = click.DateTime(formats=["%Y-%m-%d"])
SCHEDULER = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Work on your own Dask cluster, such as tcp://127.0.0.1:8786, to which the work is sent. Without it,"
    " nothing leaves this machine.",
)


def now() -> datetime:
    """The moment of the call, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The date on this computer's calendar."""
    return datetime.now().astimezone().date()
