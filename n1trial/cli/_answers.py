"""How an analysis ends on the command line: its answer in words, and the exit code of a refusal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from n1trial.cohort import CohortEffects
    from n1trial.fitting import Analysis
    from n1trial.many_people import CohortAnalysis
    from n1trial.trial import TrialData

EXIT_REFUSED = 3


def say_preliminary(data: TrialData) -> None:
    """Print what is known before the sampler starts."""
    from n1trial.under_way import preliminary_lines

    for line in preliminary_lines(data):
        click.echo(line)


def say_answer(analysis: Analysis) -> None:
    """Print what every arm did, in the words of the report."""
    from n1trial.report.terminal import answer_lines

    click.echo()
    for line in answer_lines(analysis.data, analysis.effects):
        click.echo(line)


def say_people(analysis: CohortAnalysis, out: Path) -> None:
    """Print what the arms did for many people, and leave as a refusal where a gate forbids the verdicts."""
    from n1trial.text import visible

    cohort = analysis.material.cohort
    say_average(analysis.effects, cohort.labels, cohort.reference)
    for name, why in cohort.left_out.items():
        click.echo(f"{visible(name)} is left out: {visible(why)}")
    click.echo(f"\nThe report: {out / 'report.html'}")
    leave_without_verdict(analysis.effects)


def say_average(effects: CohortEffects, labels: Mapping[str, str], reference: str) -> None:
    """Print the answers of a cohort in the words of its report."""
    from n1trial.report.cohort_page import cohort_lines

    click.echo()
    for line in cohort_lines(effects, labels, reference):
        click.echo(line)


def leave_without_verdict(effects: CohortEffects) -> None:
    """Leave with the exit code of a refusal where a gate forbids the verdicts of a cohort."""
    if effects.problems:
        sys.exit(EXIT_REFUSED)


def leave_if_refused(analysis: Analysis) -> None:
    """Leave with the exit code of a refusal where a gate forbids the verdict."""
    if analysis.refused:
        sys.exit(EXIT_REFUSED)
