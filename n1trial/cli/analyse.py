"""The command that answers the question from a table of one's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from n1trial.cli._arguments import FILE, FOLDER, PRIOR_WIDTH, SAMPLER_SEED
from n1trial.cli._console import progress
from n1trial.cli._outputs import FORCE, PEOPLE_TABLES, check_folder
from n1trial.cli._results import leave_if_refused, say_answer, say_people, say_preliminary, say_reports

if TYPE_CHECKING:
    from pathlib import Path

# What a repeatable option of the command is called by `read_table`.
_SEVERAL = {"covariate": "covariates", "contrast": "contrasts", "label": "labels"}


class _Pair(click.ParamType):  # type: ignore[type-arg]
    """Two names with a sign between them; a name may hold the sign where only one place is possible."""

    def __init__(self, sign: str, name: str) -> None:
        self.sign, self.name = sign, name

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Cut at the first sign."""
        if isinstance(value, tuple):
            return value
        one, sign, other = str(value).partition(self.sign)
        if not (sign and one.strip() and other.strip()):
            self.fail(f"{str(value)[:60]!r} is not {self.name}: write it so", param, ctx)
        return one.strip(), other.strip()


class _RunIn(click.ParamType):  # type: ignore[type-arg]
    """A number of nights, or the name of a column."""

    name = "N|COLUMN"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Digits are a number."""
        return int(str(value)) if str(value).isdecimal() else str(value)


@click.command()
@click.argument("table", type=FILE)
@click.option("--arm", required=True, help="Column that names the arm of the night.")
@click.option("--reference", required=True, help="The arm that the others are compared with.")
@click.option(
    "--outcome", required=True, multiple=True, help="Column to analyse; repeatable, the main one first."
)
@click.option(
    "--kind",
    type=click.Choice(["continuous", "count"]),
    multiple=True,
    help="What the outcome is; by default as its name is known, else continuous. Of several, one each.",
)
@click.option("--night", help="Column of the date; without it rows are consecutive nights.")
@click.option("--block", help="Column of the block in which every arm occurs.")
@click.option("--period", help="Column of the period; without it a run of nights on one arm.")
@click.option(
    "--drawn",
    type=click.Choice(["blocks", "coin", "none"]),
    help="How the order of the arms was drawn by lot: within blocks, by a coin for every night, or not at all.",
)
@click.option(
    "--run-in", type=_RunIn(), help="First nights to leave out: how many, or a column that marks them."
)
@click.option(
    "--washout",
    "washout_nights",
    type=click.IntRange(0),
    default=0,
    help="First nights of every period to leave out.",
)
@click.option("--asleep", help="Column of sleep time in minutes, for counts at equal sleep time.")
@click.option(
    "--covariate",
    multiple=True,
    help="Column known before the dose, such as caffeine; repeatable. Never what is measured after it.",
)
@click.option("--mid", type=float, multiple=True, help="Smallest worthwhile effect, in the outcome's unit.")
@click.option("--unit", multiple=True, help="Unit of the outcome, such as min or points.")
@click.option(
    "--better", type=click.Choice(["higher", "lower"]), multiple=True, help="Which direction is better."
)
@click.option(
    "--contrast",
    type=_Pair(":", "ARM:ARM"),
    multiple=True,
    help="A further comparison, arm against arm; repeatable.",
)
@click.option(
    "--label",
    type=_Pair("=", "NAME=TEXT"),
    multiple=True,
    help="What an arm or an outcome is called in the report; repeatable.",
)
@click.option("--title", help="Title of the report.")
@click.option("--blinded/--not-blinded", default=None, help="Whether the arms were hidden from you.")
@click.option("--person", help="Column that names the person, where the table holds several people's nights.")
@click.option("--rests-on", help="With --person: column of how many nights a row is the mean of.")
@click.option(
    "--modifier", multiple=True, help="With --person: column that may change the effects; repeatable."
)
@PRIOR_WIDTH
@SAMPLER_SEED
@click.option(
    "--share",
    is_flag=True,
    help="Write a copy without names, dates or your own words: report-to-share.html.",
)
@click.option("--out", type=FOLDER, required=True, help="Folder for effects.csv, checks.csv and report.html.")
@FORCE
def analyse(
    table: Path,
    out: Path,
    force: bool,
    sampler_seed: int,
    person: str | None,
    rests_on: str | None,
    modifier: tuple[str, ...],
    title: str | None,
    share: bool,
    **columns: Any,
) -> None:
    """Analyse a table of your own: any device, any supplement, one row a night; of one person, or of many."""
    kind, tables = ("report", ("effects", "checks")) if person is None else ("cohort", PEOPLE_TABLES)
    check_folder(out, kind=f"n1trial {kind}", tables=tables, force=force)
    asked = {_SEVERAL.get(name, name): value for name, value in columns.items()}
    asked["labels"] = dict(asked["labels"])
    if person is not None:
        asked |= {"person": person, "rests_on": rests_on, "modifiers": modifier}
        _analyse_people(table, out, sampler_seed, title, asked, share=share)
        return
    if rests_on or modifier:
        raise click.UsageError("--rests-on and --modifier are for several people: give --person too")
    from n1trial.inference.kernels import load_beside

    load_beside()
    from n1trial.data.read_table import read_table

    data = read_table(table, **asked)
    if asked["drawn"] is None and sys.stdin.isatty() and sys.stdout.isatty():
        data = read_table(table, **asked | {"drawn": _ask_for_the_draw()})
    elif asked["drawn"] is None:
        click.echo("note: --drawn says how the order of the arms was drawn: blocks, coin or none", err=True)
    for note in data.notes:
        click.echo(f"note: {note}", err=True)
    say_preliminary(data)
    from n1trial.workflows.report_trial import analyse_table

    with progress() as on_stage:
        analysis = analyse_table(
            data,
            out,
            source=table.name,
            title=title,
            on_stage=on_stage,
            sampler_seed=sampler_seed,
            copies=["share"] if share else [],
        )
    say_answer(analysis)
    say_reports(out, share=share)
    leave_if_refused(analysis)


def _ask_for_the_draw() -> str:
    click.echo("How was the order of the arms drawn by lot?")
    click.echo(
        "  blocks  within each block, every arm once\n  coin    anew for every night\n  none    it was not"
    )
    answer: str = click.prompt("It was", type=click.Choice(["blocks", "coin", "none"]))
    return answer


def _analyse_people(
    table: Path, out: Path, sampler_seed: int, title: str | None, asked: dict[str, Any], *, share: bool
) -> None:
    from n1trial.data.read_table import read_people
    from n1trial.workflows.cohort import analyse_people

    if asked.pop("asleep"):
        raise click.UsageError("--asleep is for one person: several people's counts are per night, all told")
    if len(asked["outcome"]) > 1:
        raise click.UsageError("several outcomes are for one person: give one --outcome with --person")
    prior_width = asked.pop("prior_width")
    people, modifiers = read_people(table, **asked)
    with progress() as on_stage:
        analysis = analyse_people(
            people,
            out,
            on_stage=on_stage,
            modifiers=modifiers,
            prior_width=prior_width,
            title=title,
            facts={"table": table.name},
            sampler_seed=sampler_seed,
            share=share,
        )
    say_people(analysis, out, share=share)
