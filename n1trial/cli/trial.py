"""Commands of a trial's every day: bring in nights and evenings, look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from n1trial.cli._arguments import ANY_PATH, DATE, FILE, FOLDER, now
from n1trial.console import say_note, still

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from n1trial.protocol import Protocol


@click.command("import")
@click.argument("folder", type=FOLDER)
@click.argument("exports", type=ANY_PATH, nargs=-1, required=True)
def import_(folder: Path, exports: tuple[Path, ...]) -> None:
    """Read a device's export (zip, folder or files) into a trial folder."""
    from n1trial.intake import import_exports, recorded_nights
    from n1trial.ledger import ledger_lines, record_lines
    from n1trial.store import open_folder

    opened = open_folder(folder)
    with still("reading the export"):
        done = import_exports(opened, exports, now=now(), on_note=say_note)
    if done.unchanged:
        click.echo(f"the same export was imported before ({done.read} records): nothing has changed")
        return
    click.echo(
        f"{done.read} records read: {done.new} new, {done.known} known already, {len(done.conflicts)} in conflict"
    )
    for conflict in done.conflicts:
        click.echo(f"conflict: {conflict}", err=True)
    recorded = recorded_nights(opened)
    for episodes in recorded.by_device.values():
        for line in record_lines(episodes):
            click.echo(line)
    for line in ledger_lines(recorded.data):
        click.echo(line)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--night", type=DATE, help="Date of the evening; by default tonight, until noon the last one.")
@click.option("--taken", metavar="TIME", help="The dose was taken, at this time, such as 22:15.")
@click.option("--not-taken", is_flag=True, help="The dose was not taken.")
@click.option("--guess", metavar="ARM", help="Which arm you think it is; ? for don't know.")
@click.option("--confidence", metavar="0-10", help="How sure you are of the guess.")
@click.option("--awakenings", metavar="N", help="How often you remember waking.")
@click.option("--grogginess", metavar="0-10")
@click.option("--stomach", metavar="0-10", help="Stomach trouble.")
@click.option("--side-effects", metavar="TEXT", help="Anything else you felt.")
@click.option("--note", "notes", metavar="TEXT")
@click.option("--set", "others", metavar="NAME=VALUE", multiple=True, help="As caffeine_mg=80; repeatable.")
def log(
    folder: Path,
    night: datetime | None,
    taken: str | None,
    not_taken: bool,
    others: tuple[str, ...],
    **cells: str | None,
) -> None:
    """Write one evening's line of the diary, asking, or from the options.

    Enter leaves an answer as it is: not recorded, or what was written before. An empty value takes it back.
    """
    from n1trial.conduct import this_evening
    from n1trial.diary import answers_of, read_diary
    from n1trial.intake import write_down
    from n1trial.store import open_folder
    from n1trial.text import visible

    if taken is not None and not_taken:
        raise click.UsageError("--taken and --not-taken contradict each other")
    answers = {name: cell for name, cell in cells.items() if cell is not None}
    for each in others:
        name, equals, cell = each.partition("=")
        if not equals:
            raise click.UsageError(f"--set {each!r}: write it as NAME=VALUE, such as caffeine_mg=80")
        answers[name] = cell
    if taken is not None or not_taken:
        answers |= {"taken": "no", "taken_at": ""} if not_taken else {"taken": "yes", "taken_at": taken or ""}
    opened = open_folder(folder)
    evening = night.date() if night else this_evening(opened, now=now())
    if not answers:
        written = answers_of(read_diary(opened.diary, opened.protocol), evening)
        click.echo(f"The evening of {evening}. Enter: not recorded, or as it was.")
        answers = _ask(opened.protocol, written)
        if not answers:
            click.echo("nothing was answered, nothing is written")
            return
    diary = write_down(opened, evening, answers, now=now())
    told = (f"{name} {visible(cell)}" for name, cell in answers_of(diary, evening).items())
    click.echo(f"{evening}: {', '.join(told) or 'nothing recorded'}")


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--ledger", type=FILE, help="Write every night and the records it is made of as a CSV file.")
def check(folder: Path, as_json: bool, ledger: Path | None) -> None:
    """Look at the quality of what was recorded and written down: evidence, never by arm."""
    from n1trial.conduct import this_evening
    from n1trial.files import write_whole
    from n1trial.intake import trial_ledger
    from n1trial.quality import check_quality, gather_evidence, quality_json, quality_lines
    from n1trial.store import open_folder, read_log

    opened = open_folder(folder)
    chain = read_log(opened)
    findings = check_quality(gather_evidence(opened, today=this_evening(opened, now=now())))
    if ledger is not None:
        write_whole(ledger, trial_ledger(opened))
    if as_json:
        click.echo(quality_json(findings))
        return
    for line in quality_lines(findings):
        click.echo(line)
    click.echo(f"log: {len(chain)} lines, none changed or removed; the last is {chain[-1].sha256}")


def _ask(protocol: Protocol, written: dict[str, str]) -> dict[str, str]:
    """Ask every question of an evening; what is no answer is asked for again."""
    from n1trial.diary import answer_problem, questions
    from n1trial.diary.cells import read_yes_or_no
    from n1trial.text import visible

    answers: dict[str, str] = {}
    for column, question in questions(protocol):
        if column == "taken_at" and not read_yes_or_no(answers.get("taken") or written.get("taken") or "no"):
            continue
        before = f" [{visible(written[column])}]" if column in written else ""

        def checked(cell: str, column: str = column) -> str:
            if problem := answer_problem(protocol, column, cell):
                raise click.UsageError(problem)
            return cell.strip()

        cell = click.prompt(question + before, default="", show_default=False, value_proc=checked)
        if cell:
            answers[column] = cell
    return answers
