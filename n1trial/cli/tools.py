"""Commands that need no trial: templates, any export's nights, the demo, the self-test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from n1trial.cli._arguments import ANY_PATH, FILE, FOLDER, now
from n1trial.cli._console import Zone, progress, say_header, say_note, still
from n1trial.cli._outputs import FORCE, check_file
from n1trial.cli._results import say_answer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@click.command()
@click.option(
    "--out", type=FOLDER, default=Path("n1trial-demo"), show_default=True, help="Where to write it."
)
def demo(out: Path) -> None:
    """Run the whole pass on a pretend trial and write its report.

    A person who does not exist takes nothing, glycine or magnesium glycinate for 18 weeks. The trial folder
    and the pretend exports are made anew in --out.
    """
    from n1trial.workflows.demo import run_demo

    click.echo("A pretend trial: 18 weeks of nothing, glycine or magnesium glycinate, in random order.")
    with progress() as on_stage:
        demonstration = run_demo(out, now=now(), on_stage=on_stage)
    for line in demonstration.lines:
        click.echo(line)
    say_answer(demonstration.analysis)
    click.echo(f"\nThe truth that was simulated: {demonstration.truth}")
    click.echo(f"The report: {demonstration.report}")


@click.command()
@click.argument("name", required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a protocol, for your editor.")
@click.option(
    "--yaml", "as_yaml", is_flag=True, help="Print the template as it is written, to copy and change."
)
@click.option("--details", is_flag=True, help="Also show what the order of the arms leaves to luck.")
def protocols(name: str | None, schema: bool, as_yaml: bool, details: bool) -> None:
    """List the protocol templates, or show one with its doses, limits and design."""
    from n1trial.design.protocol import protocol_path, protocol_schema, read_protocol, template_names
    from n1trial.design.protocol_text import protocol_lines

    if schema:
        click.echo(protocol_schema(), nl=False)
        return
    if as_yaml and name is None:
        raise click.UsageError("--yaml prints one template: name it")
    if name is None:
        for template in template_names():
            click.echo(f"{template:40} {read_protocol(template).title}")
        return
    protocol = read_protocol(name)
    if as_yaml:
        click.echo(protocol_path(name).read_text(encoding="utf-8"), nl=False)
        return
    for line in protocol_lines(protocol, details=details):
        click.echo(line)


@click.command()
@click.argument("text")
def label(text: str) -> None:
    """Check a magnesium label, such as "bisglycinate 1000 mg, 200 mg Mg": chelate, or stretched with oxide."""
    from n1trial.design.supplement_label import label_lines

    for line in label_lines(text):
        click.echo(line)


@click.command()
@click.argument("exports", type=ANY_PATH, nargs=-1, required=True)
@click.option("--home-zone", type=Zone(), help="Time zone of your bed, for exports that do not say it.")
@click.option(
    "--window",
    type=click.Choice(["main", "night", "day24"]),
    default="night",
    show_default=True,
    help="main: the longest record alone; night: all that belong together; day24: naps too.",
)
@click.option("--out", type=FILE, help="Write a CSV file instead of printing the table.")
@FORCE
@click.option("--header", is_flag=True, help="Print only the header line of an unverified layout, no data.")
def nights(
    exports: tuple[Path, ...],
    home_zone: ZoneInfo | None,
    window: str,
    out: Path | None,
    force: bool,
    header: bool,
) -> None:
    r"""Turn any export into one row a night; no trial needed.

    On a terminal it sums the nights up; into a file or a pipe it writes the table as CSV.

    It reads what Apple Health, AutoSleep, Fitbit, Gadgetbridge, Garmin, Health Auto Export, Health Connect, Oura,
    Polar, Samsung Health, Sleep as Android, Sleep Cycle, StudyU, Whoop, Withings and Zepp export: the folder, zip or
    files as they were downloaded.

    A table of your own is a CSV with one row a night. Put a file mapping.yaml beside it that says which columns hold
    what, and give the folder of both. Its lines are, for a table with the columns Bedtime, Wake time and Asleep
    (in minutes):

    \b
      start: Bedtime
      end: Wake time
      tst: Asleep
      unit: min
    """
    from n1trial.data.importers import Note, read_exports
    from n1trial.data.ledger import record_lines, trace_nights
    from n1trial.data.night_summary import summary_lines
    from n1trial.data.nights import COLUMNS, nightly, nights_csv
    from n1trial.data.recorders import recorder_line

    if out is not None:
        check_file(out, endings=(".csv",), header=",".join(COLUMNS), force=force)
    say = say_header if header else say_note
    with still("reading the export"):
        episodes = read_exports(exports, home_zone=home_zone, on_note=say)
    table = nightly(episodes, window=window)  # type: ignore[arg-type]
    if header:
        return
    if home_zone is None and any(episode.start.offset is None for episode in episodes):
        say_note(
            Note(
                "its times have no zone, so clock changes cannot be seen: give --home-zone, as Europe/Berlin"
            )
        )
    for line in (*record_lines(episodes), recorder_line(trace_nights(episodes))):
        if line:
            say_note(Note(line))
    if out is None:
        if sys.stdout.isatty():
            for line in summary_lines(table):
                click.echo(line)
            click.echo("The table, a row a night: give --out nights.csv")
        else:
            click.echo(nights_csv(table), nl=False)
        return
    table.to_csv(out)
    recorded = int(table.table["tst_min"].notna().sum())
    click.echo(f"{out}: {len(table.table)} nights, {recorded} with sleep time")


@click.command()
def doctor() -> None:
    """Show versions, and time the whole pass on a pretend trial."""
    from tempfile import TemporaryDirectory

    from n1trial.workflows.demo import examine

    with TemporaryDirectory() as scratch, progress() as on_stage:
        for line in examine(now=now(), out=Path(scratch) / "demo", on_stage=on_stage):
            click.echo(line)
