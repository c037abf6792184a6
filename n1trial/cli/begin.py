"""Commands before the first night: make a trial, print its protocol for a doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from n1trial.cli._arguments import DATE, FILE, FOLDER, now, today
from n1trial.console import Zone
from n1trial.errors import BlindingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from n1trial.protocol import Protocol
    from n1trial.store import TrialFolder


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--protocol", "-p", required=True, help="A template's name, or a YAML file.")
@click.option("--start", type=DATE, required=True, help="Evening of the first night, as 2026-01-31.")
@click.option("--seed", help="64 hexadecimal digits, to draw the same schedule again.")
@click.option("--home-zone", type=Zone(), help="Time zone of your bed, such as Europe/Berlin.")
@click.option(
    "--bedtime",
    type=click.DateTime(formats=["%H:%M"]),
    default="23:00",
    show_default=True,
    help="Your usual bedtime, for the calendar's reminders.",
)
@click.option("--blind", is_flag=True, help="Hide the arms: a helper packs coded kits and keeps the key.")
@click.option(
    "--helper",
    type=FOLDER,
    help="With --blind: the helper's folder, by default beside the trial's; do not open it.",
)
@click.option("--seal", is_flag=True, help="With --blind: seal the key behind the helper's passphrase (age).")
@click.option(
    "--envelopes", is_flag=True, help="Hide the arms without a helper, with shuffled boxes and envelopes."
)
def new(
    folder: Path,
    start: datetime,
    bedtime: datetime,
    blind: bool,
    helper: Path | None,
    seal: bool,
    envelopes: bool,
    **options: Any,
) -> None:
    """Make a trial folder: protocol, random schedule, calendar, diary, sheet to print."""
    from n1trial.making import make_blind_trial, make_enveloped_trial, make_trial

    if blind and envelopes:
        raise click.UsageError(
            "--blind and --envelopes contradict each other: take --blind if anybody can help"
        )
    if (helper or seal) and not blind:
        raise click.UsageError("--helper and --seal belong to --blind")
    first = start.date()
    if first < today():
        if blind or envelopes:
            raise BlindingError(
                f"--start: {first} is past, and what is hidden must be so from the first night: choose today or later"
            )
        click.echo(
            f"note: {first} is past; nights before today count only if you kept to the schedule", err=True
        )
    fixed = options | {"start": first, "bedtime": bedtime.time(), "now": now()}
    if blind:
        theirs = helper or folder.with_name(f"{folder.name}-for-your-helper")
        passphrase = _passphrase() if seal else None
        made = make_blind_trial(folder, helper=theirs, passphrase=passphrase, **fixed)
    else:
        made = (make_enveloped_trial if envelopes else make_trial)(folder, **fixed)
    _say_made(made)
    if blind:
        _say_blind(made, theirs, sealed=seal)
    elif envelopes:
        click.echo(f"{made.path / 'envelopes.html'}: print it, and do what it says before the first night.")
        click.echo("Only you can know whether an envelope was opened: a helper and --blind are better.")
    else:
        click.echo(f"The schedule can be drawn again from seed {made.schedule.seed}")


def _say_made(made: TrialFolder) -> None:
    from n1trial.allocation import luck_of
    from n1trial.protocol_text import PRICED_ARMS, luck_in_words

    nights = made.schedule.table["night"]
    click.echo(f"{made.path}: {len(nights)} nights, {nights.iloc[0].date()} to {nights.iloc[-1].date()}")
    drawn_from = made.protocol.admissible
    luck = f"; {luck_in_words(luck_of(drawn_from))}" if len(drawn_from.arms) <= PRICED_ARMS else ""
    click.echo(f"drawn from {drawn_from.size:,} schedules{luck}")
    click.echo(
        "Print sheet.html, import schedule.ics into your calendar; each evening: n1trial today, n1trial log."
    )


def _say_blind(made: TrialFolder, theirs: Path, *, sealed: bool) -> None:
    key = "the key lies sealed in your folder" if sealed else "the key is in it too"
    click.echo(f"{theirs}: for your helper alone; do not open it, move it to them now ({key})")
    click.echo(f"Commitment to the sealed key, before night 1: {made.commitment}")
    click.echo("This keeps you from fooling yourself by mistake; nothing stops an owner who wants to look.")


def _passphrase() -> str:
    return str(
        click.prompt(
            "Your helper's passphrase (type it yourself, helper)", hide_input=True, confirmation_prompt=True
        )
    )


@click.command()
@click.argument("source")
@click.option(
    "--out", type=FILE, help="Where to write it; by default NAME-protocol.html or inside the trial folder."
)
@click.option(
    "--plan",
    type=FILE,
    help="What n1trial plan wrote with --out plan.json, or a text file of what it printed.",
)
def document(source: str, out: Path | None, plan: Path | None) -> None:
    """Write the protocol as a document for a doctor, from a template, a YAML file or a trial folder."""
    from pathlib import Path

    from n1trial.conduct import read_course
    from n1trial.files import write_whole
    from n1trial.paper import document_html
    from n1trial.protocol import read_protocol
    from n1trial.store import open_folder

    if Path(source).is_dir():
        folder = open_folder(Path(source))
        lines = _planned(plan, folder.protocol) if plan else ()
        page = document_html(
            folder.protocol,
            schedule=folder.schedule,
            hidden=folder.hidden,
            commitment=folder.commitment,
            amendments=[f"{line.day}: {line.detail}" for line in read_course(folder).amendments],
            plan=lines,
        )
        target = out or folder.path / "protocol.html"
    else:
        protocol = read_protocol(source)
        page = document_html(protocol, plan=_planned(plan, protocol) if plan else ())
        target = out or Path(f"{protocol.name}-protocol.html")
    write_whole(target, page)
    click.echo(f"{target}: open it in a browser, print it, and show it to your doctor")


def _planned(path: Path, protocol: Protocol) -> Sequence[str]:
    """Lines of a plan, which must be of this protocol; of printed text that is not known."""
    from n1trial.errors import FolderError

    if path.suffix == ".json":
        from n1trial.planning import plan_lines, read_plan

        plan = read_plan(path)
        if plan.protocol_sha256 != protocol.sha256:
            raise FolderError(
                f"{path}: plans another protocol or version ({plan.protocol}, {plan.protocol_sha256[:12]}, not"
                f" {protocol.sha256[:12]}): run n1trial plan again"
            )
        return tuple(plan_lines(plan))
    if path.suffix in (".html", ".htm"):
        raise FolderError(f"{path}: a page cannot stand in a page: give n1trial plan --out plan.json instead")
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FolderError(
            f"{path}: cannot be read ({error}): give what n1trial plan wrote with --out plan.json"
        ) from error
