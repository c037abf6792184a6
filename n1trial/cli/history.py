"""Commands about what was done: the history of a trial, and taking back an import."""

from __future__ import annotations

from pathlib import Path

import click

from n1trial.cli._arguments import TRIAL, now


@click.command()
@click.argument("folder", type=TRIAL)
@click.option("--protocol", "wants_protocol", is_flag=True, help="Print the protocol as it was at the start.")
@click.option("--schedule", "wants_schedule", is_flag=True, help="Print the schedule as it was at the start.")
def history(folder: Path, wants_protocol: bool, wants_schedule: bool) -> None:
    """Print what was done in a trial and when: every line of its log; or its protocol or schedule as they were."""
    from n1trial.markup.text import visible
    from n1trial.trial_folder.snapshot import read_trial
    from n1trial.trial_folder.store import imports_of, original_text
    from n1trial.trial_folder.store.log import chain_in_words
    from n1trial.trial_folder.store.log_events import SHORT, ExportImported

    if wants_protocol or wants_schedule:
        for name, wanted in (("protocol.yaml", wants_protocol), ("schedule.csv", wants_schedule)):
            if wanted:
                click.echo(original_text(folder, name), nl=False)
        return
    trial = read_trial(folder, now=now())
    names = {done.sha256[:SHORT]: done.export for done in imports_of(trial.folder)}
    for line in trial.log:
        imported = line.event if isinstance(line.event, ExportImported) else None
        name = names.get(imported.export_sha256, "") if imported else ""
        when = line.at[:16].replace("T", " ")
        click.echo(visible(f"{when}  {line.kind}: {line.event}{name and f' ({name})'}"))
    click.echo(chain_in_words(trial.log))


@click.command()
@click.argument("folder", type=TRIAL)
@click.argument("export")
def forget(folder: Path, export: str) -> None:
    """Take an import out again, by its file or its name: its nights leave the trial, and the log says so."""
    from n1trial.markup.text import visible
    from n1trial.trial_folder.store import forget_export, open_folder

    opened = open_folder(folder)
    gone, records = forget_export(opened, export, now=now())
    click.echo(
        f"{visible(gone.export)} is taken out: {records} records that nothing else holds, of {gone.records} in it;"
        " it may be imported again"
    )
