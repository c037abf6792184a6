"""Commands before the first night: make a trial, print its protocol for a doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from n1trial.cli._arguments import DATE, FILE, FOLDER, YES, now, settle, today
from n1trial.cli._console import Zone
from n1trial.cli._outputs import FORCE, PAGES, check_file
from n1trial.errors import BlindingError

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from n1trial.design.protocol import Protocol
    from n1trial.trial_folder.store import TrialFolder


FAR_DAYS = 730


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
@click.option(
    "--person",
    default="",
    help="Name or number of the person, such as P07; printed on sheet, labels, packing list and report.",
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
@YES
def new(
    folder: Path,
    start: date,
    bedtime: datetime,
    blind: bool,
    helper: Path | None,
    seal: bool,
    envelopes: bool,
    yes: bool,
    **options: Any,
) -> None:
    """Make a trial folder: protocol, random schedule, calendar, diary, sheet to print."""
    from n1trial.trial_folder.create import make_blind_trial, make_enveloped_trial, make_trial

    if blind and envelopes:
        raise click.UsageError(
            "--blind and --envelopes contradict each other: take --blind if anybody can help"
        )
    if (helper or seal) and not blind:
        raise click.UsageError("--helper and --seal belong to --blind")
    first = start
    if first < today():
        if blind or envelopes:
            raise BlindingError(
                f"--start: {first} is past, and what is hidden must be so from the first night: choose today or later"
            )
        click.echo(
            f"note: {first} is past; nights before today count only if you kept to the schedule", err=True
        )
    if abs((first - today()).days) > FAR_DAYS:
        settle([f"the first night, {first}, is {abs(first - today()).days // 365} years from now"], yes=yes)
    fixed = options | {"start": first, "bedtime": bedtime.time(), "now": now()}
    if blind:
        helpers_folder = helper or folder.with_name(f"{folder.name}-for-your-helper")
        passphrase = _passphrase() if seal else None
        made = make_blind_trial(folder, helper=helpers_folder, passphrase=passphrase, **fixed)
    else:
        made = (make_enveloped_trial if envelopes else make_trial)(folder, **fixed)
    _say_made(made)
    if blind:
        _say_blind(made, helpers_folder, sealed=seal)
    elif envelopes:
        click.echo(f"{made.path / 'envelopes.html'}: print it, and do what it says before the first night.")
        click.echo("Only you can know whether an envelope was opened: a helper and --blind are better.")
    else:
        click.echo(f"The schedule can be drawn again from seed {made.schedule.seed}")


def _say_made(made: TrialFolder) -> None:
    nights = made.schedule.table["night"]
    click.echo(f"{made.path}: {len(nights)} nights, {nights.iloc[0].date()} to {nights.iloc[-1].date()}")
    click.echo(f"drawn from {made.protocol.admissible.size:,} equally likely schedules")
    click.echo(
        "Print sheet.html, import schedule.ics into your calendar; each evening: n1trial today, n1trial log."
    )


def _say_blind(made: TrialFolder, helpers_folder: Path, *, sealed: bool) -> None:
    key = "the key lies sealed in your folder" if sealed else "the key is in it too"
    click.echo(f"{helpers_folder}: for your helper alone; do not open it, move it to them now ({key})")
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
@click.option("--person", default="", help="Name or number of the person; by default that of the trial.")
@FORCE
def document(source: str, out: Path | None, plan: Path | None, person: str, force: bool) -> None:
    """Write the protocol as a document for a doctor, from a template, a YAML file or a trial folder.

    What only you can say, such as who pays, stands in about.yaml, in the trial folder or beside the YAML file, as
    lines such as funding: none.
    """
    from pathlib import Path

    from n1trial.design.protocol import read_protocol
    from n1trial.report.content.about_file import read_about
    from n1trial.system.files import write_whole
    from n1trial.trial_folder.printouts import document_html
    from n1trial.trial_folder.snapshot import read_trial

    if out is not None:
        check_file(out, endings=PAGES, kind="n1trial document", force=force)
    if Path(source).is_dir():
        trial = read_trial(Path(source), now=now())
        folder = trial.folder
        page = document_html(
            folder.protocol,
            schedule=folder.schedule,
            hidden=folder.hidden,
            commitment=folder.commitment,
            amendments=[f"{line.day}: {line.event}" for line in trial.course.amendments],
            about=read_about(folder.path / "about.yaml"),
            person=person or folder.person,
            **_planned(plan, folder.protocol),
        )
        target = out or folder.path / "protocol.html"
    else:
        protocol = read_protocol(source)
        about = read_about(Path(source).with_name("about.yaml")) if Path(source).is_file() else {}
        page = document_html(protocol, about=about, person=person, **_planned(plan, protocol))
        target = out or Path(f"{protocol.name}-protocol.html")
        if out is None:
            check_file(target, endings=PAGES, kind="n1trial document", force=force)
    write_whole(target, page)
    click.echo(f"{target}: open it in a browser, print it, and show it to your doctor")


def _planned(path: Path | None, protocol: Protocol) -> dict[str, Any]:
    """Sentences and tables of a plan, which must be of this protocol; of printed text, its lines."""
    from n1trial.errors import FolderError

    if path is None:
        return {}

    if path.suffix == ".json":
        from n1trial.planning import plan_sentences, read_plan
        from n1trial.planning.tables import plan_tables

        plan = read_plan(path)
        if plan.protocol_sha256 != protocol.sha256:
            raise FolderError(
                f"{path}: plans another protocol or version ({plan.protocol}, {plan.protocol_sha256[:12]}, not"
                f" {protocol.sha256[:12]}): run n1trial plan again"
            )
        return {"plan": plan_sentences(plan), "plan_tables": tuple(plan_tables(plan))}
    if path.suffix in (".html", ".htm"):
        raise FolderError(f"{path}: a page cannot stand in a page: give n1trial plan --out plan.json instead")
    try:
        return {"plan": path.read_text(encoding="utf-8").splitlines()}
    except (OSError, UnicodeDecodeError) as error:
        raise FolderError(
            f"{path}: cannot be read ({error}): give what n1trial plan wrote with --out plan.json"
        ) from error
