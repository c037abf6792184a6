"""How an analysis ends on the command line: its answer in words, and the exit code of a refusal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    import pandas as pd

    from n1trial.cohort import CohortEffects
    from n1trial.data.trial_data import TrialData
    from n1trial.workflows.cohort import CohortAnalysis
    from n1trial.workflows.fit_trial import Analysis

EXIT_REFUSED = 3


def say_preliminary(data: TrialData) -> None:
    """Print what is known before the sampler starts."""
    from n1trial.workflows.progress_text import ROUGH, preliminary_lines

    click.echo(ROUGH)
    for line in preliminary_lines(data):
        click.echo(line)


def say_next(analysis: Analysis, folder: Path, *, after: date | None) -> None:
    """Print what to do after a fit, and after which night, or why there is no verdict."""
    from n1trial.analysis.problems import problems_of
    from n1trial.markup.text import visible

    problems = problems_of(analysis.fits[0], analysis.data)
    if problems:
        click.echo("No verdict, for these reasons:")
    for problem in problems:
        click.echo(f"  - {visible(str(problem))}")
    when = f", after the last night, {after}" if after else ""
    click.echo(f"Next{when}: n1trial report {folder}")


def say_answer(analysis: Analysis) -> None:
    """Print what every arm did, in the words of the report."""
    from n1trial.report.render.terminal_report import answer_lines

    click.echo()
    for line in answer_lines(analysis.data, analysis.effects):
        click.echo(line)


def say_people(analysis: CohortAnalysis, out: Path, *, share: bool = False) -> None:
    """Print what the arms did for many people, and leave as a refusal where a gate forbids the verdicts."""
    from n1trial.markup.text import visible

    cohort = analysis.material.cohort
    say_average(analysis.effects, cohort.labels, cohort.reference, analysis.material.companion)
    for name, why in cohort.left_out.items():
        click.echo(f"{visible(name)} is left out: {visible(why)}")
    say_reports(out, share=share)
    leave_without_verdict(analysis.effects)


def say_reports(out: Path, *, share: bool) -> None:
    """Print where a report is, and the copy to share."""
    from n1trial.report.render.outputs import SHARE_NAME

    click.echo(f"\nThe report: {out / 'report.html'}")
    if share:
        click.echo(f"To share: {out / SHARE_NAME}")


def say_average(
    effects: CohortEffects, labels: Mapping[str, str], reference: str, companion: pd.DataFrame
) -> None:
    """Print the answers of a cohort in the words of its report, the classical averages beside them."""
    from n1trial.report.render.cohort_report import cohort_lines

    click.echo()
    for line in cohort_lines(effects, labels, reference, companion):
        click.echo(line)


def leave_without_verdict(effects: CohortEffects) -> None:
    """Leave with the exit code of a refusal where a gate forbids the verdicts of a cohort."""
    if effects.problems:
        sys.exit(EXIT_REFUSED)


def leave_if_refused(analysis: Analysis) -> None:
    """Leave with the exit code of a refusal where a gate forbids the verdict."""
    if analysis.refused:
        sys.exit(EXIT_REFUSED)
