"""Commands that answer the question: fit and report, of one trial or of several people's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from n1trial.cli._arguments import ANY_PATH, FILE, FOLDER, PRIOR_WIDTH, SAMPLER_SEED, SCHEDULER, TRIAL, now
from n1trial.cli._console import counted, open_in_browser, progress
from n1trial.cli._outputs import FORCE, PEOPLE_TABLES, check_folder, check_summaries
from n1trial.cli._results import (
    leave_if_refused,
    leave_without_verdict,
    say_answer,
    say_average,
    say_next,
    say_people,
    say_preliminary,
    say_reports,
)

if TYPE_CHECKING:
    from pathlib import Path

    from n1trial.report.render.outputs import Copy


@click.command()
@click.argument("folder", type=TRIAL)
@SAMPLER_SEED
def fit(folder: Path, sampler_seed: int) -> None:
    """Fit the models to a trial's nights and pass the convergence gate."""
    from n1trial.inference.kernels import load_beside

    load_beside()
    from n1trial.markup.text import visible
    from n1trial.trial_folder.snapshot import read_trial
    from n1trial.workflows.fit_trial import fit_folder
    from n1trial.workflows.progress_text import fit_lines

    trial = read_trial(folder, now=now())
    for note in trial.diary.notes:
        click.echo(f"note: {visible(note)}", err=True)
    with progress() as on_stage:
        analysis = fit_folder(trial, on_stage=on_stage, on_nights=say_preliminary, sampler_seed=sampler_seed)
    if analysis.known:
        click.echo("nothing has changed since the last fit; this is it")
    for line in fit_lines(analysis.fits):
        click.echo(line)
    if trial.folder.sealed:
        click.echo(
            f'The arms are still letters: no verdict until n1trial unblind {folder} --reason "it is over"'
        )
        return
    say_next(analysis, folder, after=trial.night_to_wait_for)
    leave_if_refused(analysis)


@click.command()
@click.argument("folder", type=TRIAL)
@click.option(
    "--early", metavar="REASON", help="Look before the last night; the log and the report keep the reason."
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
    from n1trial.report.render.outputs import SHARE_NAME, TEXT_NAME
    from n1trial.trial_folder.snapshot import read_trial
    from n1trial.workflows.report_trial import report_folder

    trial = read_trial(folder, now=now())
    if with_nights and not share:
        raise click.UsageError("--with-nights is for the copy to share: give --share too")
    copies: list[Copy] = ["text"] if text else []
    if share:
        copies.append("share with nights" if with_nights else "share")
    analysis = report_folder(trial, early=early, copies=copies)
    say_answer(analysis)
    if analysis.decision:
        click.echo(f"Planned look {analysis.decision.said}")
    click.echo(f"\nThe report: {trial.folder.report}")
    if text:
        click.echo(f"As plain text: {trial.folder.path / TEXT_NAME}")
    if share:
        click.echo(f"To share: {trial.folder.path / SHARE_NAME}")
    if open_it:
        open_in_browser(trial.folder.report)
    leave_if_refused(analysis)


@click.command()
@click.argument("folders", type=ANY_PATH, nargs=-1, required=True, metavar="DIR...")
@click.option("--outcome", help="Outcome to analyse; by default the first trial's primary one.")
@click.option("--mid", type=float, help="Smallest worthwhile effect, where the trials differ in theirs.")
@click.option("--people", type=FILE, help="CSV with a column person and columns that may change the effects.")
@PRIOR_WIDTH
@SAMPLER_SEED
@click.option(
    "--share",
    is_flag=True,
    help="Write a copy without names, report-to-share.html: people have numbers.",
)
@click.option("--out", type=FOLDER, required=True, help="Folder for the tables and report.html.")
@FORCE
def cohort(
    folders: tuple[Path, ...],
    outcome: str | None,
    mid: float | None,
    people: Path | None,
    prior_width: float,
    sampler_seed: int,
    share: bool,
    out: Path,
    force: bool,
) -> None:
    """Put several people's finished trials together: average, spread, each person, the next one.

    DIR is a trial folder; give every person's. Or give summaries, files that n1trial summary wrote.
    """
    from n1trial.workflows.cohort import analyse_people, people_of_folders, read_properties

    check_folder(out, kind="n1trial cohort", tables=PEOPLE_TABLES, force=force)
    summaries = [path for path in folders if path.suffix == ".json"]
    if summaries:
        if len(summaries) < len(folders):
            raise click.UsageError(
                "give trial folders or summaries, not both: n1trial summary makes one of a folder"
            )
        if outcome or mid or people or prior_width != 1.0:
            raise click.UsageError("--outcome, --mid, --people and --prior-width are for trial folders")
        _pool(summaries, out, sampler_seed, share=share)
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
            share=share,
        )
    say_people(analysis, out, share=share)


def _pool(summaries: list[Path], out: Path, sampler_seed: int, *, share: bool) -> None:
    from n1trial.workflows.cohort import pool_summaries

    pooled, effects, companion = pool_summaries(summaries, out, sampler_seed=sampler_seed, share=share)
    say_average(effects, pooled.cohort.labels, pooled.cohort.reference, companion)
    say_reports(out, share=share)
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
@FORCE
@SAMPLER_SEED
@SCHEDULER
def summary(
    folders: tuple[Path, ...],
    outcome: str | None,
    out: Path,
    force: bool,
    sampler_seed: int,
    scheduler: str | None,
) -> None:
    """Write what trials may share with a cohort: their effects, no night and no date."""
    from n1trial.cohort.two_stage import read_summary, summary_lines
    from n1trial.workflows.cohort import summarise_folders

    if out.suffix == ".json" and len(folders) > 1:
        raise click.UsageError(f"--out is {out.name}, one file: name a folder for several trials")
    check_summaries(out, [path.resolve().name for path in folders], force=force)
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
        click.echo(f"{file}, which holds:")
        for line in summary_lines(read_summary(file)):
            click.echo(f"  {line}")
