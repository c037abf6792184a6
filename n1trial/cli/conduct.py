"""Commands while a trial runs: tonight, amendments and an early stop, opening the key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from n1trial.cli._arguments import DATE, FILE, TRIAL, now

if TYPE_CHECKING:
    from datetime import date, datetime

    from n1trial.design.blinding import Key
    from n1trial.trial_folder.snapshot import TrialSnapshot
    from n1trial.trial_folder.store import TrialFolder


@click.command()
@click.argument("folder", type=TRIAL, default=Path())
@click.option(
    "--calendar",
    is_flag=True,
    help="Write schedule.ics and sheet.html anew, with the pauses and bedtime of now.",
)
def today(folder: Path, calendar: bool) -> None:
    """Say what to take tonight and when, and how much is kept so far; FOLDER is here by default."""
    from n1trial.trial_folder.snapshot import read_trial
    from n1trial.trial_folder.tonight import tonight_lines

    trial = read_trial(folder, now=now())
    for line in tonight_lines(trial):
        click.echo(line)
    if calendar:
        _write_calendar(trial)


@click.command()
@click.argument("folder", type=TRIAL)
@click.argument("text")
@click.option("--stop", "stops", is_flag=True, help="End the trial with the last night; TEXT is the reason.")
@click.option(
    "--pause",
    type=(DATE, DATE),
    metavar="FROM TO",
    help="Take nothing on these evenings, which are still to come; their nights are left out.",
)
@click.option("--bedtime", type=click.DateTime(formats=["%H:%M"]), help="Your usual bedtime from now on.")
def amend(
    folder: Path, text: str, stops: bool, pause: tuple[date, date] | None, bedtime: datetime | None
) -> None:
    """Add an amendment to the log: what changes and why. The protocol stays; the report prints both."""
    from n1trial.trial_folder.events import amend as add_amendment
    from n1trial.trial_folder.events import change_bedtime, stop
    from n1trial.trial_folder.events import pause as add_pause
    from n1trial.trial_folder.snapshot import read_trial
    from n1trial.trial_folder.store import open_folder

    if sum((stops, pause is not None, bedtime is not None)) > 1:
        raise click.UsageError("--stop, --pause and --bedtime are one change each: give them one by one")
    opened = open_folder(folder)
    if stops:
        night = stop(opened, text, now=now())
        click.echo(f"stopped after the night of {night}; import the last nights, then run n1trial fit")
    elif pause is not None:
        add_pause(opened, text, *pause, now=now())
        click.echo(
            f"paused from {pause[0]} to {pause[1]}; the order of the other nights stays as it was drawn"
        )
        _write_calendar(read_trial(folder, now=now()))
    elif bedtime is not None:
        change_bedtime(opened, text, bedtime.time(), now=now())
        _write_calendar(read_trial(folder, now=now()))
    else:
        add_amendment(opened, text, now=now())
        click.echo("amendment added to the log; the report prints it beside the protocol")


def _write_calendar(trial: TrialSnapshot) -> None:
    from n1trial.trial_folder.create import write_calendar

    path = write_calendar(trial.folder, trial.course.pauses, edition=len(trial.log), now=trial.now)
    click.echo(f"{path}: import it into your calendar again, it replaces the entries of before")


@click.command()
@click.argument("folder", type=TRIAL)
@click.option(
    "--reason",
    required=True,
    help="Why the key is opened, or how you came to know; the log and the report keep it.",
)
@click.option("--key", type=FILE, help="The key.json that your helper keeps.")
@click.option(
    "--arm", "arms", multiple=True, metavar="A=NAME", help="What an envelope says; once for each letter."
)
@click.option("--early", is_flag=True, help="Open it although nights are still to come.")
@click.option(
    "--accident", is_flag=True, help="Only log that you have learnt something of the arms; opens nothing."
)
def unblind(
    folder: Path, reason: str, key: Path | None, arms: tuple[str, ...], early: bool, accident: bool
) -> None:
    """Open the sealed key, with a reason; or log an accident that broke the blind."""
    from n1trial.markup.text import visible
    from n1trial.trial_folder.events import refuse_unsealed, report_accident
    from n1trial.trial_folder.events import unblind as open_key
    from n1trial.trial_folder.store import open_folder

    opened = open_folder(folder)
    if accident:
        report_accident(opened, reason, now=now())
        click.echo("added to the log: the report will say that the blind was broken; the key stays shut")
        return
    refuse_unsealed(opened)
    known = open_key(opened, _key(opened, key, arms), reason, now=now(), early=early)
    for letter, arm in known.key.arms.items() if known.key else ():
        click.echo(f"{letter}: {visible(known.protocol.arm_named(arm).label)}")
    if known.commitment:
        click.echo("The key is the one that was sealed before night 1.")
    click.echo(f"The nights now have their arms. Next: n1trial fit {folder}")


def _key(folder: TrialFolder, file: Path | None, arms: tuple[str, ...]) -> Key:
    from n1trial.design.blinding import key_from_envelopes, read_key, unsealed_by_passphrase
    from n1trial.errors import BlindingError
    from n1trial.trial_folder.create import SEALED_KEY

    if folder.hidden == "envelopes":
        return key_from_envelopes(folder.protocol, arms)
    if file is not None:
        try:
            return read_key(file.read_text(encoding="utf-8"), where=file.name)
        except (OSError, UnicodeDecodeError) as error:
            raise BlindingError(
                f"{file}: cannot be read ({error}): give the key.json of your helper"
            ) from error
    sealed = folder.path / SEALED_KEY
    if not sealed.is_file():
        raise BlindingError(f"{folder.path}: the key is with your helper: give their key.json with --key")
    passphrase = click.prompt("Your helper's passphrase", hide_input=True)
    return unsealed_by_passphrase(sealed.read_bytes(), passphrase, where=sealed.name)
