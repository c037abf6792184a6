"""What the command line reads and shows beside results: time zones, notes, progress of long work.

Like `cli` it imports inside functions, so that `--help` answers at once.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

import click

OPENER_S = 5
# Seconds of silence before work is said to go on, on a terminal and elsewhere.
QUIET_S, QUIET_ELSEWHERE_S = 2.0, 30.0

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from n1trial.data.importers import Note
    from n1trial.inference.fit import OnStage
    from n1trial.system.parallel import OnDone


class Zone(click.ParamType):  # type: ignore[type-arg]
    """An IANA time zone such as Europe/Berlin."""

    name = "zone"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        """Look the zone up, however odd its name is."""
        from zoneinfo import ZoneInfo

        try:
            return ZoneInfo(str(value))
        except (ValueError, OSError, KeyError):
            self.fail(f"no time zone is called {str(value)[:60]!r}: write it as Europe/Berlin", param, ctx)


def say_note(note: Note) -> None:
    """Say on the error stream what a reader should know of an export."""
    click.echo(f"note: {note.text}", err=True)


def say_header(note: Note) -> None:
    """Print the names of the columns of a layout that was never checked; never data."""
    if note.header:
        click.echo(note.header)


# Stages that take so long that a reader should know it.
LONG = {"compiling": "compiling, one to two minutes the first time, later some seconds"}


@contextmanager
def progress() -> Iterator[OnStage]:
    """Show every stage of long work on the error stream, with the seconds it takes on a terminal."""
    with ExitStack() as at_the_end:
        # Not before there is a stage to show: importing rich takes its time.
        shown = cache(lambda: at_the_end.enter_context(_drawn()))
        yield lambda name, stage: shown()(name, LONG.get(stage, stage))


@contextmanager
def _drawn() -> Iterator[OnStage]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda name, stage: click.echo(f"{name}: {stage}", err=True)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, object] = {}

        def on_stage(name: str, stage: str) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name)
            bars.update(tasks[name], description=f"{name}: {stage}")  # type: ignore[arg-type]

        yield on_stage


@contextmanager
def counted(doing: str) -> Iterator[OnDone]:
    """Show on the error stream how many pieces of work are done, of how many."""
    with progress() as on_stage:
        on_stage(doing, "begun")
        yield lambda done, of: on_stage(doing, f"{done} of {of} done")


@contextmanager
def still(doing: str) -> Iterator[Callable[[], None]]:
    """Say on the error stream that work goes on, each time after twice as long; quicker work stays silent.

    It begins after 2 s on a terminal, and after 30 s where the stream is read by a program or kept in a file.
    Calling what it yields silences it early, as before a question.
    """
    import sys
    from threading import Event, Thread

    done = Event()
    first = QUIET_S if sys.stderr.isatty() else QUIET_ELSEWHERE_S

    def say_so() -> None:
        seconds = wait = first
        while not done.wait(wait):
            click.echo(f"still {doing}, {seconds:g} s", err=True)
            wait = seconds
            seconds *= 2

    speaker = Thread(target=say_so, daemon=True)
    speaker.start()
    try:
        yield done.set
    finally:
        done.set()
        speaker.join()


def open_in_browser(page: Path) -> None:
    """Open a page; where there is no browser, say so in one line."""
    import shutil
    import subprocess
    import sys

    if sys.platform in ("win32", "darwin"):
        click.launch(str(page))
        return
    opener, failed = shutil.which("xdg-open"), True
    if opener:
        # It prints a line for every browser that it does not find. A browser that it waits for is left running.
        started = subprocess.Popen(
            [opener, str(page)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with suppress(subprocess.TimeoutExpired):
            failed = started.wait(timeout=OPENER_S) != 0
        failed = failed and started.returncode is not None
    if failed:
        click.echo(f"no browser was found here: open {page} in yours", err=True)
