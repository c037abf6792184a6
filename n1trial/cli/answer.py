"""Commands that answer the question: fit, report, and the same for a table of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from n1trial.cli._answers import (
    leave_if_refused,
    leave_without_verdict,
    say_answer,
    say_average,
    say_people,
    say_preliminary,
)
from n1trial.cli._arguments import ANY_PATH, FILE, FOLDER, SCHEDULER, now
from n1trial.console import counted, progress

if TYPE_CHECKING:
    from pathlib import Path

    from n1trial.report.editions import Copy

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
    help="Several people: how many times as wide the priors of effects are; they are for supplements.",
)


@click.command()
@click.argument("folder", type=FOLDER)
@SAMPLER_SEED
def fit(folder: Path, sampler_seed: int) -> None:
    """Fit the models to a trial's nights and pass the convergence gate."""
    from n1trial.quadrature import load_beside

    load_beside()
    from n1trial.fitting import fit_folder
    from n1trial.store import open_folder
    from n1trial.under_way import fit_lines

    opened = open_folder(folder)
    with progress() as on_stage:
        analysis = fit_folder(
            opened, now=now(), on_stage=on_stage, on_nights=say_preliminary, sampler_seed=sampler_seed
        )
    if analysis.known:
        click.echo("nothing has changed since the last fit; this is it")
    for line in fit_lines(analysis.fits):
        click.echo(line)
    if opened.sealed:
        click.echo("The arms are still letters: no verdict until n1trial unblind.")
        return
    leave_if_refused(analysis)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--early", metavar="REASON", help="Look before the last night; the reason is logged and printed."
)
@click.option("--text", is_flag=True, help="Write it as plain text too, report.txt.")
@click.option(
    "--share",
    is_flag=True,
    help="Write a copy without dates, places or your own words: report-to-share.html.",
)
@click.option("--with-nights", is_flag=True, help="Let the copy to share show single nights, by number.")
@click.option("--open", "open_it", is_flag=True, help="Open the report in your browser.")
def report(
    folder: Path, early: str | None, text: bool, share: bool, with_nights: bool, open_it: bool
) -> None:
    """Write the effect report of a fitted trial; a later run replaces it, and the log keeps both answers."""
    from n1trial.report.editions import SHARE_NAME, TEXT_NAME
    from n1trial.reporting import report_folder
    from n1trial.store import open_folder

    opened = open_folder(folder)
    if with_nights and not share:
        raise click.UsageError("--with-nights is for the copy to share: give --share too")
    copies: list[Copy] = ["text"] if text else []
    if share:
        copies.append("share with nights" if with_nights else "share")
    analysis = report_folder(opened, now=now(), early=early, copies=copies)
    say_answer(analysis)
    if analysis.decision:
        click.echo(f"Planned look {analysis.decision.said}")
    click.echo(f"\nThe report: {opened.report}")
    if text:
        click.echo(f"As plain text: {opened.path / TEXT_NAME}")
    if share:
        click.echo(f"To share: {opened.path / SHARE_NAME}")
    if open_it:
        click.launch(str(opened.report))
    leave_if_refused(analysis)


@click.command()
@click.argument("table", type=FILE)
@click.option("--arm", required=True, help="Column that names the arm of the night.")
@click.option("--reference", required=True, help="The arm that the others are compared with.")
@click.option("--outcome", required=True, help="Column to analyse.")
@click.option("--kind", type=click.Choice(["continuous", "count"]), default="continuous", show_default=True)
@click.option("--night", help="Column of the date; without it rows are consecutive nights.")
@click.option("--block", help="Column of the block in which every arm occurs.")
@click.option("--period", help="Column of the period; without it a run of nights on one arm.")
@click.option("--asleep", help="Column of sleep time in minutes, for counts at equal sleep time.")
@click.option("--mid", type=float, help="Smallest worthwhile effect, in the outcome's unit.")
@click.option("--blinded/--not-blinded", default=None, help="Whether the arms were hidden from you.")
@click.option("--better", type=click.Choice(["higher", "lower"]), help="Which direction is better.")
@click.option("--person", help="Column that names the person, where the table holds several people's nights.")
@click.option("--rests-on", help="With --person: column of how many nights a row is the mean of.")
@click.option(
    "--modifier", multiple=True, help="With --person: column that may change the effects; repeatable."
)
@PRIOR_WIDTH
@SAMPLER_SEED
@click.option("--out", type=FOLDER, required=True, help="Folder for effects.csv, checks.csv and report.html.")
def analyse(
    table: Path,
    out: Path,
    sampler_seed: int,
    person: str | None,
    rests_on: str | None,
    modifier: tuple[str, ...],
    prior_width: float,
    **columns: str | float | bool | None,
) -> None:
    """Analyse a table of your own: any device, any supplement, one row a night; of one person, or of many."""
    if person is not None:
        _analyse_people(table, out, sampler_seed, person, rests_on, modifier, prior_width, columns)
        return
    if rests_on or modifier:
        raise click.UsageError("--rests-on and --modifier are for several people: give --person too")
    from n1trial.quadrature import load_beside

    load_beside()
    from n1trial.loading import load_ahead
    from n1trial.own_table import read_table

    data = read_table(table, **columns)  # type: ignore[arg-type]
    for note in data.notes:
        click.echo(f"note: {note}", err=True)
    say_preliminary(data)
    load_ahead()
    from n1trial.reporting import analyse_table

    with progress() as on_stage:
        analysis = analyse_table(data, out, source=table.name, on_stage=on_stage, sampler_seed=sampler_seed)
    say_answer(analysis)
    click.echo(f"\nThe report: {out / 'report.html'}")
    leave_if_refused(analysis)


def _analyse_people(
    table: Path,
    out: Path,
    sampler_seed: int,
    person: str,
    rests_on: str | None,
    modifier: tuple[str, ...],
    prior_width: float,
    columns: dict[str, str | float | bool | None],
) -> None:
    from n1trial.many_people import analyse_people
    from n1trial.own_table import read_people

    if columns.pop("asleep"):
        raise click.UsageError("--asleep is for one person: several people's counts are per night, all told")
    people, modifiers = read_people(
        table,
        person=person,
        rests_on=rests_on,
        modifiers=modifier,
        **columns,  # type: ignore[arg-type]
    )
    with progress() as on_stage:
        analysis = analyse_people(
            people,
            out,
            on_stage=on_stage,
            modifiers=modifiers,
            prior_width=prior_width,
            facts={"table": table.name},
            sampler_seed=sampler_seed,
        )
    say_people(analysis, out)


@click.command()
@click.argument("folders", type=ANY_PATH, nargs=-1, required=True, metavar="DIR...")
@click.option("--outcome", help="Outcome to analyse; by default the first trial's primary one.")
@click.option("--mid", type=float, help="Smallest worthwhile effect, where the trials differ in theirs.")
@click.option("--people", type=FILE, help="CSV with a column person and columns that may change the effects.")
@PRIOR_WIDTH
@SAMPLER_SEED
@click.option("--out", type=FOLDER, required=True, help="Folder for the tables and report.html.")
def cohort(
    folders: tuple[Path, ...],
    outcome: str | None,
    mid: float | None,
    people: Path | None,
    prior_width: float,
    sampler_seed: int,
    out: Path,
) -> None:
    """Put several people's finished trials together: average, spread, each person, the next one.

    DIR is a trial folder; give every person's. Or give summaries, files that n1trial summary wrote.
    """
    from n1trial.many_people import analyse_people, people_of_folders, read_properties

    summaries = [path for path in folders if path.suffix == ".json"]
    if summaries:
        if len(summaries) < len(folders):
            raise click.UsageError(
                "give trial folders or summaries, not both: n1trial summary makes one of a folder"
            )
        if outcome or mid or people or prior_width != 1.0:
            raise click.UsageError("--outcome, --mid, --people and --prior-width are for trial folders")
        _pool(summaries, out, sampler_seed)
        return

    with progress() as on_stage:
        analysis = analyse_people(
            people_of_folders(folders, now=now()),
            out,
            on_stage=on_stage,
            outcome=outcome,
            mid=mid,
            modifiers=read_properties(people) if people else None,
            prior_width=prior_width,
            facts={"trial folders": str(len(folders))},
            sampler_seed=sampler_seed,
        )
    say_people(analysis, out)


def _pool(summaries: list[Path], out: Path, sampler_seed: int) -> None:
    from n1trial.many_people import pool_summaries

    pooled, effects = pool_summaries(summaries, out, sampler_seed=sampler_seed)
    say_average(effects, pooled.cohort.labels, pooled.cohort.reference)
    click.echo(f"\nThe report: {out / 'report.html'}")
    leave_without_verdict(effects)


@click.command()
@click.argument("folders", type=FOLDER, nargs=-1, required=True, metavar="DIR...")
@click.option("--outcome", help="Outcome to sum up; by default the primary one.")
@click.option(
    "--out",
    type=ANY_PATH,
    required=True,
    help="A folder for the summaries; or a JSON file, for that of one trial.",
)
@SAMPLER_SEED
@SCHEDULER
def summary(
    folders: tuple[Path, ...], outcome: str | None, out: Path, sampler_seed: int, scheduler: str | None
) -> None:
    """Write what trials may share with a cohort: their effects, no night and no date."""
    from n1trial.many_people import summarise_folders

    if out.suffix == ".json" and len(folders) > 1:
        raise click.UsageError(f"--out is {out.name}, one file: name a folder for several trials")
    with counted("fitting trials") as on_done:
        files, left_out = summarise_folders(
            folders,
            out,
            now=now(),
            outcome=outcome,
            scheduler=scheduler,
            sampler_seed=sampler_seed,
            on_done=on_done,
        )
    for name, why in left_out.items():
        click.echo(f"{name} has no summary: {why}", err=True)
    for file in files:
        click.echo(f"{file}: effects, their uncertainty and counts of nights; look at it before you share it")
