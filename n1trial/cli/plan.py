"""What a trial could show, before night 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from n1trial.cli._arguments import ANY_PATH, FILE, SCHEDULER
from n1trial.cli._console import Zone, counted, say_note, still
from n1trial.cli._outputs import FORCE, PAGES, check_file

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from n1trial.data.nights import Nights


@click.command()
@click.argument("protocol")
@click.option(
    "--baseline",
    type=ANY_PATH,
    multiple=True,
    help="An export with nights from before the trial, or what n1trial nights wrote; repeatable. Without it, a typical"
    " person.",
)
@click.option("--home-zone", type=Zone(), help="Time zone of your bed, for exports that do not say it.")
@click.option(
    "--sd", type=float, metavar="SD", help="SD from night to night (minutes of sleep time, wakes of a count)."
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--out", type=FILE, help="Write the plan as a page (HTML), or as JSON if it ends in .json.")
@FORCE
@SCHEDULER
def plan(
    protocol: str,
    baseline: tuple[Path, ...],
    home_zone: ZoneInfo | None,
    sd: float | None,
    as_json: bool,
    out: Path | None,
    force: bool,
    scheduler: str | None,
) -> None:
    """Say what a trial could show: precision, chance of each verdict, other designs.

    PROTOCOL is a template's name or a YAML file.
    """
    from n1trial.design.protocol import read_protocol
    from n1trial.planning import person_to_plan_for, plan_json, plan_lines, plan_trial

    if out is not None:
        check_file(
            out,
            endings=(*PAGES, ".json"),
            kind="n1trial plan",
            keys=("protocol_sha256", "planned"),
            force=force,
        )
    read = read_protocol(protocol)
    nights = None
    if baseline:
        nights = _nights_of(baseline, home_zone)
    person_to_plan_for(read, baseline=nights, night_sd=sd)
    with counted("simulating trials") as on_done:
        planned = plan_trial(read, baseline=nights, night_sd=sd, scheduler=scheduler, on_done=on_done)
    if out is not None:
        from n1trial.report.render.plan_report import write_plan

        write_plan(out, planned)
    for line in [plan_json(planned)] if as_json else plan_lines(planned):
        click.echo(line)
    if out is not None:
        click.echo(f"\nThe plan: {out}", err=as_json)


def _nights_of(baseline: tuple[Path, ...], home_zone: ZoneInfo | None) -> Nights:
    """Nights of an export, or of the table that `n1trial nights` wrote of one."""
    from n1trial.data.importers import read_exports
    from n1trial.data.nights import is_table_of_nights, nightly, read_nights

    if len(baseline) == 1 and is_table_of_nights(baseline[0]):
        return read_nights(baseline[0])
    with still("reading the export"):
        return nightly(read_exports(baseline, home_zone=home_zone, on_note=say_note))
