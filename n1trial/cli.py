"""The command line: parse, call one function, print.

Heavy imports live in the bodies of the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from n1trial.console import Zone, progress, say_header, say_note, still
from n1trial.errors import N1TrialError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from n1trial.journey import Analysis
    from n1trial.protocol import Protocol

EXIT_INTERRUPTED, EXIT_REFUSED, EXIT_OUR_BUG = 130, 3, 70

FOLDER = click.Path(path_type=Path, file_okay=False)
EXISTING_FILE = click.Path(path_type=Path, dir_okay=False)
ANY_PATH = click.Path(path_type=Path)
DATE = click.DateTime(formats=["%Y-%m-%d"])


SAMPLER_SEED = click.option(
    "--sampler-seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    help="Seed of the sampler.",
)


def main() -> None:
    """Run the command line and leave with DESIGN's exit codes."""
    try:
        sys.exit(cli.main(standalone_mode=False))
    except N1TrialError as error:
        for line in str(error).splitlines():
            click.echo(f"n1trial: {line}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("n1trial: stopped; nothing half written", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(0)
    except Exception:  # noqa: BLE001 - the last resort: keep the traceback and say whose fault it is
        import traceback

        traceback.print_exc()
        click.echo("n1trial: this is a bug of ours; please report the lines above", err=True)
        sys.exit(EXIT_OUR_BUG)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="n1trial")
def cli() -> None:
    """N-of-1 trials of sleep: one person, a randomised crossover, an honest answer."""


@cli.command()
@click.option(
    "--out", type=FOLDER, default=Path("n1trial-demo"), show_default=True, help="Where to write it."
)
def demo(out: Path) -> None:
    """Run the whole pass on a pretend trial and write its report.

    A person who does not exist takes nothing, glycine or magnesium glycinate for 18 weeks. The trial folder
    and the pretend exports are made anew in --out.
    """
    from n1trial.demo import run_demo

    click.echo("A pretend trial: 18 weeks of nothing, glycine or magnesium glycinate, in random order.")
    with progress() as on_stage:
        told = run_demo(out, now=_now(), on_stage=on_stage)
    for line in told.lines:
        click.echo(line)
    _answer(told.analysis)
    click.echo(f"\nThe truth that was simulated: {told.truth}")
    click.echo(f"The report: {told.report}")


@cli.command()
@click.argument("name", required=False)
def protocols(name: str | None) -> None:
    """List the protocol templates, or show one with its doses and limits."""
    from n1trial.protocol import read_protocol, template_names
    from n1trial.protocol_text import protocol_lines

    if name is None:
        for each in template_names():
            click.echo(f"{each:40} {read_protocol(each).title}")
        return
    for line in protocol_lines(read_protocol(name)):
        click.echo(line)


@cli.command()
@click.argument("folder", type=FOLDER)
@click.option("--protocol", "-p", required=True, help="A template's name, or a YAML file.")
@click.option("--start", type=DATE, required=True, help="Evening of the first night, as 2026-01-31.")
@click.option("--seed", help="64 hexadecimal digits, to draw the same schedule again.")
@click.option("--home-zone", type=Zone(), help="Time zone of your bed, such as Europe/Berlin.")
def new(folder: Path, protocol: str, start: datetime, seed: str | None, home_zone: ZoneInfo | None) -> None:
    """Make a trial folder: protocol, random schedule, calendar, diary."""
    from n1trial.intake import make_trial

    first = start.date()
    if first < _today():
        click.echo(
            f"note: {first} is past; nights before today count only if you kept to the schedule", err=True
        )
    made = make_trial(folder, protocol=protocol, start=first, seed=seed, home_zone=home_zone, now=_now())
    table = made.schedule.table
    click.echo(f"{made.path}: {len(table)} nights, {first} to {table['night'].iloc[-1].date()}")
    click.echo(f"schedule.csv and schedule.ics say what to take; write diary.csv; seed {made.schedule.seed}")


@cli.command("import")
@click.argument("folder", type=FOLDER)
@click.argument("exports", type=ANY_PATH, nargs=-1, required=True)
def import_(folder: Path, exports: tuple[Path, ...]) -> None:
    """Read a device's export (zip, folder or files) into a trial folder."""
    from n1trial.intake import import_exports, recorded_nights
    from n1trial.ledger import ledger_lines, record_lines
    from n1trial.store import open_folder

    opened = open_folder(folder)
    with still("reading the export"):
        done = import_exports(opened, exports, now=_now(), on_note=say_note)
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


@cli.command()
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
    from n1trial.diary import answers_of, read_diary
    from n1trial.intake import this_evening, write_down
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
    evening = night.date() if night else this_evening(opened, now=_now())
    if not answers:
        written = answers_of(read_diary(opened.diary, opened.protocol), evening)
        click.echo(f"The evening of {evening}. Enter: not recorded, or as it was.")
        answers = _ask(opened.protocol, written)
        if not answers:
            click.echo("nothing was answered, nothing is written")
            return
    diary = write_down(opened, evening, answers, now=_now())
    told = (f"{name} {visible(cell)}" for name, cell in answers_of(diary, evening).items())
    click.echo(f"{evening}: {', '.join(told) or 'nothing recorded'}")


@cli.command()
@click.argument("folder", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--ledger", type=EXISTING_FILE, help="Write every night and the records it is made of as a CSV file."
)
def check(folder: Path, as_json: bool, ledger: Path | None) -> None:
    """Look at the quality of what was recorded and written down: evidence, never by arm."""
    from n1trial.files import write_whole
    from n1trial.intake import this_evening, trial_ledger
    from n1trial.quality import check_quality, gather_evidence, quality_json, quality_lines
    from n1trial.store import open_folder, read_log

    opened = open_folder(folder)
    chain = read_log(opened)
    findings = check_quality(gather_evidence(opened, today=this_evening(opened, now=_now())))
    if ledger is not None:
        write_whole(ledger, trial_ledger(opened))
    if as_json:
        click.echo(quality_json(findings))
        return
    for line in quality_lines(findings):
        click.echo(line)
    click.echo(f"log: {len(chain)} lines, none changed or removed; the last is {chain[-1].sha256}")


@cli.command()
@click.argument("exports", type=ANY_PATH, nargs=-1, required=True)
@click.option("--home-zone", type=Zone(), help="Time zone of your bed, for exports that do not say it.")
@click.option(
    "--window",
    type=click.Choice(["main", "night", "day24"]),
    default="night",
    show_default=True,
    help="main: the longest record alone; night: all that belong together; day24: naps too.",
)
@click.option("--out", type=EXISTING_FILE, help="Write a CSV file instead of printing the table.")
@click.option("--header", is_flag=True, help="Print only the header line of an unverified layout, no data.")
def nights(
    exports: tuple[Path, ...], home_zone: ZoneInfo | None, window: str, out: Path | None, header: bool
) -> None:
    """Turn any export into one row a night; no trial needed."""
    from n1trial.importers import read_exports
    from n1trial.nights import nightly, nights_csv

    say = say_header if header else say_note
    with still("reading the export"):
        episodes = read_exports(exports, home_zone=home_zone, on_note=say)
    table = nightly(episodes, window=window)  # type: ignore[arg-type]
    if header:
        return
    if out is None:
        click.echo(nights_csv(table), nl=False)
        return
    table.to_csv(out)
    recorded = int(table.table["tst_min"].notna().sum())
    click.echo(f"{out}: {len(table.table)} nights, {recorded} with sleep time")


@cli.command()
@click.argument("folder", type=FOLDER)
@SAMPLER_SEED
def fit(folder: Path, sampler_seed: int) -> None:
    """Fit the models to a trial's nights and pass the convergence gate."""
    from n1trial.journey import fit_folder
    from n1trial.report.terminal import fit_lines
    from n1trial.store import open_folder

    opened = open_folder(folder)
    with progress() as on_stage:
        analysis = fit_folder(opened, now=_now(), on_stage=on_stage, sampler_seed=sampler_seed)
    for line in fit_lines(analysis.fits):
        click.echo(line)
    _leave_if_refused(analysis)


@cli.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--early", metavar="REASON", help="Look before the last night; the reason is logged and printed."
)
def report(folder: Path, early: str | None) -> None:
    """Write the effect report of a fitted trial."""
    from n1trial.journey import report_folder
    from n1trial.store import open_folder

    opened = open_folder(folder)
    analysis = report_folder(opened, now=_now(), early=early)
    _answer(analysis)
    click.echo(f"\nThe report: {opened.report}")
    _leave_if_refused(analysis)


@cli.command()
@click.argument("table", type=EXISTING_FILE)
@click.option("--arm", required=True, help="Column that names the arm of the night.")
@click.option("--reference", required=True, help="The arm that the others are compared with.")
@click.option("--outcome", required=True, help="Column to analyse.")
@click.option("--kind", type=click.Choice(["continuous", "count"]), default="continuous", show_default=True)
@click.option("--night", help="Column of the date; without it rows are consecutive nights.")
@click.option("--block", help="Column of the block in which every arm occurs.")
@click.option("--period", help="Column of the period; without it a run of nights on one arm.")
@click.option("--asleep", help="Column of sleep time in minutes, for counts at equal sleep time.")
@click.option("--mid", type=float, help="Smallest worthwhile effect, in the outcome's unit.")
@click.option("--blinded/--not-blinded", default=None, help="Whether the arms were hidden from you.")
@click.option("--better", type=click.Choice(["higher", "lower"]), help="Which direction is better.")
@SAMPLER_SEED
@click.option("--out", type=FOLDER, required=True, help="Folder for effects.csv, checks.csv and report.html.")
def analyse(table: Path, out: Path, sampler_seed: int, **columns: str | float | bool | None) -> None:
    """Analyse a table of your own: any device, any supplement, one row a night."""
    from n1trial.journey import analyse_table
    from n1trial.own_table import read_table

    data = read_table(table, **columns)  # type: ignore[arg-type]
    for note in data.notes:
        click.echo(f"note: {note}", err=True)
    with progress() as on_stage:
        analysis = analyse_table(data, out, source=table.name, on_stage=on_stage, sampler_seed=sampler_seed)
    _answer(analysis)
    click.echo(f"\nThe report: {out / 'report.html'}")
    _leave_if_refused(analysis)


@cli.command()
def doctor() -> None:
    """Show versions, and time the whole pass on a pretend trial."""
    from tempfile import TemporaryDirectory

    from n1trial.demo import examine

    with TemporaryDirectory() as scratch, progress() as on_stage:
        for line in examine(now=_now(), out=Path(scratch) / "demo", on_stage=on_stage):
            click.echo(line)


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


def _answer(analysis: Analysis) -> None:
    from n1trial.report.terminal import answer_lines

    click.echo()
    for line in answer_lines(analysis.data, analysis.effects):
        click.echo(line)


def _leave_if_refused(analysis: Analysis) -> None:
    if analysis.refused:
        sys.exit(EXIT_REFUSED)


def _now() -> datetime:
    return datetime.now(UTC)


def _today() -> date:
    return datetime.now().astimezone().date()


if __name__ == "__main__":
    main()
