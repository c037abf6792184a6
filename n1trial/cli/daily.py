"""Commands of a trial's every day: bring in nights and evenings, look at them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from n1trial.cli._arguments import ANY_PATH, DATE, EXIT_INTERRUPTED, FILE, TRIAL, YES, now, settle
from n1trial.cli._console import say_note, still
from n1trial.cli._outputs import FORCE, check_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from n1trial.trial_folder.store import TrialFolder

# What empties an answer in the dialogue.
EMPTIES = "-"


@click.command("import")
@click.argument("folder", type=TRIAL)
@click.argument("exports", type=ANY_PATH, nargs=-1, required=True)
@YES
def import_(folder: Path, exports: tuple[Path, ...], yes: bool) -> None:
    """Read a device's export (zip, folder or files) into a trial folder; n1trial forget takes it out again."""
    from n1trial.data.ledger import ledger_lines, record_lines
    from n1trial.trial_folder.analysis_data import import_exports
    from n1trial.trial_folder.snapshot import read_trial
    from n1trial.trial_folder.store import open_folder

    opened = open_folder(folder)
    with still("reading the export") as quiet:

        def ask(doubts: Sequence[str]) -> None:
            quiet()
            settle(doubts, yes=yes)

        imported = import_exports(opened, exports, now=now(), on_note=say_note, on_doubts=ask)
    if imported.unchanged:
        click.echo(f"the same export was imported before ({imported.read} records): nothing has changed")
        return
    known = f", {imported.known} known from earlier imports" if imported.known else ""
    copies = f", {imported.copies} repeated in this export" if imported.copies else ""
    click.echo(
        f"{imported.read} records read: {imported.new} new{known}{copies}, {len(imported.conflicts)} in conflict"
    )
    for conflict in imported.conflicts:
        click.echo(f"conflict: {conflict}", err=True)
    trial = read_trial(folder, now=now())
    for episodes in trial.episodes.values():
        for line in record_lines(episodes):
            click.echo(line)
    for line in ledger_lines(trial.recorded_so_far):
        click.echo(line)


@click.command()
@click.argument("folder", type=TRIAL)
@click.option("--night", type=DATE, help="Date of the evening; by default tonight, until noon the last one.")
@click.option("--evening", is_flag=True, help="Ask what is known in the evening, before the dose.")
@click.option("--morning", is_flag=True, help="Ask what is known on the morning after.")
@click.option("--taken", metavar="TIME", help="The dose was taken, at this time, such as 22:15.")
@click.option("--not-taken", is_flag=True, help="The dose was not taken.")
@click.option("--guess", metavar="ARM", help="Which arm you think it was, if hidden; ? for don't know.")
@click.option("--confidence", metavar="0-10", help="How sure you are of the guess.")
@click.option("--awakenings", metavar="N", help="How often you remember waking.")
@click.option("--grogginess", metavar="0-10")
@click.option("--stomach", metavar="0-10", help="Stomach trouble.")
@click.option("--side-effects", metavar="TEXT", help="Anything else you felt.")
@click.option("--note", "notes", metavar="TEXT")
@click.option("--set", "others", metavar="NAME=VALUE", multiple=True, help="As caffeine_mg=80; repeatable.")
@YES
def log(
    folder: Path,
    night: date | None,
    evening: bool,
    morning: bool,
    taken: str | None,
    not_taken: bool,
    others: tuple[str, ...],
    yes: bool,
    **cells: str | None,
) -> None:
    """Write one night's line of the diary, asking, or from the options.

    Without --night, --evening or --morning it asks by the clock: of last night from 5 in the morning until noon,
    else of this evening. Enter skips a question or keeps what was written before, "-" empties it, and Ctrl-C stops
    and keeps what was answered. As an option, an empty value takes an answer back.
    """
    from n1trial.data.diary import answers_of
    from n1trial.markup.text import visible
    from n1trial.trial_folder.analysis_data import answer_doubts, night_doubts, write_down
    from n1trial.trial_folder.events import this_evening
    from n1trial.trial_folder.snapshot import read_trial

    answers = _from_options(cells, others, taken=taken, not_taken=not_taken)
    trial = read_trial(folder, now=now())
    opened, diary = trial.folder, trial.diary
    of_night = night or this_evening(opened, now=trial.now)
    for note in diary.notes:
        click.echo(f"note: {visible(note)}", err=True)
    doubts = night_doubts(opened, of_night, now=trial.now)
    stopped = False
    if answers:
        settle([*doubts, *answer_doubts(diary, opened.protocol, of_night, answers)], yes=yes)
    else:
        settle(doubts, yes=yes)
        parts = _parts(opened, all_of_it=night is not None, evening=evening, morning=morning)
        answers, stopped = _ask(opened, of_night, answers_of(diary, of_night), parts)
        if not answers:
            if stopped:
                raise click.Abort
            click.echo("nothing changed")
            return
    diary = write_down(opened, of_night, answers, now=now())
    cells_written = (f"{name} {visible(cell)}" for name, cell in answers_of(diary, of_night).items())
    click.echo(f"{of_night}: {', '.join(cells_written) or 'nothing recorded'}")
    if stopped:
        click.echo("stopped; what was answered is written", err=True)
        sys.exit(EXIT_INTERRUPTED)


@click.command()
@click.argument("folder", type=TRIAL)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--ledger", type=FILE, help="Write every night and the records it is made of as a CSV file.")
@FORCE
def check(folder: Path, as_json: bool, ledger: Path | None, force: bool) -> None:
    """Look at the quality of what was recorded and written down: evidence, never by arm."""
    from n1trial.data.ledger import COLUMNS
    from n1trial.system.files import write_whole
    from n1trial.trial_folder.quality import check_quality, gather_evidence, quality_json, quality_lines
    from n1trial.trial_folder.snapshot import read_trial
    from n1trial.trial_folder.store.log import chain_in_words

    if ledger is not None:
        check_file(ledger, endings=(".csv",), header=",".join(COLUMNS), force=force, option="--ledger")
    trial = read_trial(folder, now=now())
    chain = chain_in_words(trial.log)
    findings = check_quality(gather_evidence(trial))
    if ledger is not None:
        write_whole(ledger, trial.ledger())
    if as_json:
        click.echo(quality_json(findings))
        return
    for line in quality_lines(findings):
        click.echo(line)
    click.echo(f"log: {chain}")


def _from_options(
    cells: dict[str, str | None], others: tuple[str, ...], *, taken: str | None, not_taken: bool
) -> dict[str, str]:
    """Answers that were given as options, by column."""
    if taken is not None and not_taken:
        raise click.UsageError("--taken and --not-taken contradict each other")
    answers = {name: cell for name, cell in cells.items() if cell is not None}
    for given in others:
        name, equals, cell = given.partition("=")
        if not equals:
            raise click.UsageError(f"--set {given!r}: write it as NAME=VALUE, such as caffeine_mg=80")
        answers[name] = cell
    if taken is not None or not_taken:
        answers |= {"taken": "no", "taken_at": ""} if not_taken else {"taken": "yes", "taken_at": taken or ""}
    return answers


def _parts(folder: TrialFolder, *, all_of_it: bool, evening: bool, morning: bool) -> set[str]:
    """Which questions are asked: as the options say, else by the clock at home."""
    from n1trial.data.episodes import NOON_HOUR
    from n1trial.trial_folder.events import BREAKFAST_HOUR

    wanted = {part for part, wish in (("evening", evening), ("morning", morning)) if wish}
    if wanted:
        return wanted
    if all_of_it:
        return {"evening", "morning"}
    hour = now().astimezone(folder.home_zone).hour
    return {"morning" if BREAKFAST_HOUR <= hour < NOON_HOUR else "evening"}


def _ask(
    folder: TrialFolder, night: date, written: dict[str, str], parts: set[str]
) -> tuple[dict[str, str], bool]:
    """Ask the questions of a night; what was answered, and whether the person stopped before the last one."""
    from n1trial.data.diary import DONT_KNOW, questions
    from n1trial.data.diary.cells import NO
    from n1trial.markup.text import visible

    every_question = questions(
        folder.protocol, folder.arm_on(night), hidden=bool(folder.hidden), run_in=folder.in_run_in(night)
    )
    asked = [question for question in every_question if question.part in parts]
    numbered = [question.column for question in asked if not question.after]
    when = " and morning after " if len(parts) > 1 else " "
    click.echo(
        f"The {'morning after the evening' if parts == {'morning'} else 'evening'}{when}of {night}:"
        f" {len(numbered)} questions. Press Enter to skip or keep, - to empty, Ctrl-C to stop and keep."
    )
    answers: dict[str, str] = {}
    for question in asked:
        if question.after and (
            answers.get(question.after) or written.get(question.after) or "no"
        ).lower() in (
            *NO,
            DONT_KNOW,
        ):
            if question.after in answers and question.column in written:
                answers[question.column] = ""
            continue
        place = f"{numbered.index(question.column) + 1} of {len(numbered)}" if not question.after else ""
        before = f" [{visible(written[question.column])}]" if question.column in written else ""
        try:
            cell = click.prompt(
                f"{place:>{len('10 of 10')}}  {question.text}{before}",
                default="",
                show_default=False,
                value_proc=_checked(folder, question.column),
            )
        except click.Abort:
            click.echo()
            return answers, True
        if cell == EMPTIES:
            answers |= {question.column: ""} if question.column in written else {}
        elif cell:
            answers[question.column] = cell
    return answers, False


def _checked(folder: TrialFolder, column: str) -> Callable[[str], str]:
    """A reader of an answer that raises where the question is to be asked again."""
    from n1trial.data.diary import answer_doubt, answer_problem

    def read(cell: str) -> str:
        if cell.strip() == EMPTIES:
            return EMPTIES
        if problem := answer_problem(folder.protocol, column, cell):
            raise click.UsageError(problem)
        doubt = answer_doubt(folder.protocol, column, cell)
        if doubt and not click.confirm(f"{doubt}. Really"):
            raise click.UsageError("once more, then")
        return cell.strip()

    return read
