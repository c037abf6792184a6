"""Where results are written: never over what n1trial did not write, and never into a trial's folder."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

FORCE = click.option("--force", is_flag=True, help="Replace a file that is there, whoever wrote it.")
PAGES = (".html", ".htm")
SHARE_NAME = "report-to-share.html"
PEOPLE_TABLES = ("cohort", "people", "companion")
SUMMARY_KEYS = ("form", "prior_sd", "covariance")
# What a trial cannot do without, or what only its owner or its other commands write. `document` has the page
# protocol.html of a trial's folder for its own.
OF_A_TRIAL = {
    *("protocol.yaml", "protocol.schema.json", "schedule.csv", "schedule.ics", "diary.csv", "sheet.html"),
    *(
        "envelopes.html",
        "about.yaml",
        "key.age",
        "fit.nc",
        "report.html",
        "report.txt",
        SHARE_NAME,
    ),
}


def check_file(
    out: Path,
    *,
    endings: Collection[str],
    kind: str = "",
    header: str = "",
    keys: Collection[str] = (),
    force: bool,
    option: str = "--out",
) -> None:
    """Before any work see that a result may be written there; ask on a terminal where something else is there.

    Parameters
    ----------
    endings
        What the file's name may end in.
    kind, header, keys
        By which `is_own_output` knows an earlier result of the command.

    Raises
    ------
    click.UsageError
        The name ends in something else, it is a trial's own file, or the answer is no.
    """
    from n1trial.system.files import TRIAL_DATABASE, is_own_output

    if out.suffix.lower() not in endings:
        raise click.UsageError(
            f"{option}: {out.name} does not end in {' or '.join(endings)}: this command writes nothing else"
        )
    place = out.resolve()
    if (place.parent / TRIAL_DATABASE).is_file() and _is_of_a_trial(place.name, TRIAL_DATABASE):
        raise click.UsageError(f"{option}: {out} is a file of the trial in that folder: choose another name")
    if out.exists() and not is_own_output(out, kind=kind, header=header, keys=keys):
        _ask(out, force=force, option=option)


def check_folder(out: Path, *, kind: str, tables: Collection[str], force: bool) -> None:
    """The same for a folder into which a page `report.html` and tables are written.

    Raises
    ------
    click.UsageError
        It is a trial's folder, or what is there is not an earlier result and the answer is no.
    """
    from n1trial.system.files import is_own_output

    refuse_trial_folder(out)
    page = out / "report.html"
    if is_own_output(page, kind=kind):
        return
    for path in (page, out / SHARE_NAME, out / "fit.nc", *(out / f"{name}.csv" for name in tables)):
        if path.exists():
            _ask(path, force=force)
            return


def check_summaries(out: Path, names: Collection[str], *, force: bool) -> None:
    """The same for summaries: one JSON file, or a folder of them."""
    from n1trial.system.files import is_own_output

    if out.suffix.lower() == ".json":
        check_file(out, endings=(".json",), keys=SUMMARY_KEYS, force=force)
        return
    refuse_trial_folder(out)
    for path in (out / f"{name}.json" for name in names):
        if path.exists() and not is_own_output(path, keys=SUMMARY_KEYS):
            _ask(path, force=force)


def refuse_trial_folder(out: Path) -> None:
    """See that results do not go into a trial's folder, whatever is forced."""
    from n1trial.system.files import TRIAL_DATABASE

    if out.suffix.lower() in (*PAGES, ".csv", ".json", ".pdf", ".txt", ".nc"):
        raise click.UsageError(f"--out: {out.name} looks like a file: name a folder")
    if (out / TRIAL_DATABASE).exists():
        raise click.UsageError(f"--out: {out} is a trial's folder: name another, so that its report stays")


def _is_of_a_trial(name: str, database: str) -> bool:
    return name.lower() in OF_A_TRIAL or name.lower().startswith(database)


def _ask(path: Path, *, force: bool, option: str = "--out") -> None:
    if force:
        return
    if _on_a_terminal():
        if click.confirm(f"{path} is there, and not as this command writes it. Replace it?"):
            return
        raise click.UsageError(f"{option}: {path} is kept: choose another name")
    raise click.UsageError(
        f"{option}: {path} is there, and not as this command writes it: choose another name, or give --force"
    )


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
