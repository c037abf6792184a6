"""A pretend trial from the schedule to the report, and the self-test that times it.

The person does not exist, but everything else is real: the template, the random schedule, exports in the
vendors' own layouts, the importers, the models, the report.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from n1trial.data.ledger import ledger_lines
from n1trial.errors import FolderError
from n1trial.inference.fit import OnStage
from n1trial.inference.inla import preliminary_answer
from n1trial.planning.simulate import (
    SimulatedTrial,
    Truth,
    diary_text,
    simulate_nights,
    write_fitbit_takeout,
    write_oura_web_csv,
)
from n1trial.trial_folder.analysis_data import import_exports
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.snapshot import read_trial
from n1trial.workflows.fit_trial import Analysis, fit_folder
from n1trial.workflows.progress_text import fit_lines
from n1trial.workflows.report_trial import report_folder

TEMPLATE = "glycine-vs-magnesium-glycinate"
START = date(2026, 1, 5)
ALLOCATION_SEED = "d3" * 32
# Of the first sixteen people the one whose estimates lie nearest the truth: the demo shows the steps, not luck.
PERSON = 13
ZONE = "Europe/Berlin"
TRUTH = Truth(
    effects_min={"glycine": 8.0, "magnesium-glycinate": 30.0},
    log_rate_effects={"magnesium-glycinate": -0.15},
    wakes_mean=3.0,
)
MARK = ".n1trial-demo"
# How the ring differs from the watch, mean and SD: made up, for no two devices agree to the minute.
RING_DIFFERENCE_MIN = (-9.0, 14.0)
RING_LEAST_MIN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """What the demo did.

    Attributes
    ----------
    lines : tuple of str
        What to print of imports, nights and sampling.
    analysis : Analysis
        The estimates that the report was written from.
    truth : str
        The effects that were simulated, in words.
    report : Path
        The page.
    """

    lines: tuple[str, ...]
    analysis: Analysis
    truth: str
    report: Path


def run_demo(out: Path, *, now: datetime, on_stage: OnStage) -> Demonstration:
    """Make a trial, simulate its nights, import its exports, fit, and write the report.

    Parameters
    ----------
    out : Path
        Folder for the trial and its exports; an earlier demo there is replaced.
    now : datetime
        The moment that the log keeps.
    on_stage : OnStage
        Called with a name and the stage that begins.

    Raises
    ------
    FolderError
        `out` holds something that is not an earlier demo.
    """
    _clear(out)
    folder = make_trial(
        out / "trial",
        protocol=TEMPLATE,
        start=START,
        seed=ALLOCATION_SEED,
        home_zone=ZoneInfo(ZONE),
        now=now,
    )
    on_stage("demo", "pretending 133 nights and writing a Fitbit and an Oura export")
    person = simulate_nights(folder.schedule, TRUTH, seed=PERSON)
    takeout, oura = out / "takeout-pretend.zip", out / "oura_sleep_pretend.csv"
    write_fitbit_takeout(person, takeout, zone=ZONE)
    write_oura_web_csv(as_a_ring_recorded(person), oura, zone=ZONE)
    folder.diary.write_text(diary_text(person, folder.protocol, hidden=False), encoding="utf-8")
    lines = []
    for name, export in (("Fitbit", takeout), ("Oura", oura)):
        on_stage("demo", f"importing the {name} export")
        imported = import_exports(folder, [export], now=now)
        lines.append(f"{name}: {imported.new} records read from {export}")
    trial = read_trial(folder.path, now=now)
    lines += ledger_lines(trial.data)
    on_stage("demo", "fitting two outcomes, each in a process of its own")
    fitted = fit_folder(trial, on_stage=on_stage)
    on_stage("demo", "writing the report")
    analysis = report_folder(trial)
    lines += fit_lines(fitted.fits)
    truth = "; ".join(
        f"{folder.protocol.arm_named(arm).label} {minutes:+.0f} min of sleep"
        for arm, minutes in person.effects_min.items()
    )
    return Demonstration(lines=tuple(lines), analysis=analysis, truth=truth, report=folder.report)


def as_a_ring_recorded(person: SimulatedTrial) -> SimulatedTrial:
    """The same nights as a second device kept them: two of three, and other minutes of sleep."""
    table = person.table
    difference_min = person.rng(4).normal(*RING_DIFFERENCE_MIN, len(table)).round()
    return replace(
        person,
        table=table.assign(
            present=table["present"] & (table.index % 3 > 0),
            tst_min=(table["tst_min"] + difference_min).clip(lower=RING_LEAST_MIN),
        ),
    )


def examine(*, now: datetime, out: Path, on_stage: OnStage) -> Iterator[str]:
    """Versions, and seconds for importing, compiling and sampling on the demo's nights."""
    for name in ("n1trial", "pymc", "nutpie", "numba", "arviz", "pandas", "numpy"):
        yield f"{name} {version(name)}"
    started = time.perf_counter()
    demonstration = run_demo(out, now=now, on_stage=on_stage)
    yield from fit_lines(demonstration.analysis.fits)
    for name, seconds in demonstration.analysis.seconds.items():
        yield f"{name}: {', '.join(f'{stage} {taken:.1f} s' for stage, taken in seconds.items())}"
    yield f"the whole pass: {time.perf_counter() - started:.1f} s"
    yield _kept_or_not(demonstration.analysis)
    yield _difference_of_engines(demonstration.analysis)
    ok = not demonstration.analysis.refused
    yield "self-test passed" if ok else "self-test failed: the gate refused the demo's fit"


def _kept_or_not(analysis: Analysis) -> str:
    """Whether compiled models are kept from one command to the next."""
    why = next((fit.why_not_kept for fit in analysis.fits if fit.why_not_kept), "")
    if why:
        return (
            "compiled models: cannot be kept with these versions of numba and nutpie, so each fit compiles them"
            f" anew ({why})"
        )
    return "compiled models: kept from one fit to the next"


def _difference_of_engines(analysis: Analysis) -> str:
    """How far the fast engine and the sampler are apart on the demo's nights."""
    first, draws = analysis.data.outcomes[0], analysis.effects[0]
    started = time.perf_counter()
    fast = preliminary_answer(analysis.data, first)
    seconds = time.perf_counter() - started
    pairs = list(zip(fast, draws.contrasts, strict=True))
    greatest = max(abs(quick.mean - sampled.mean) for quick, sampled in pairs)
    wider = max(abs(quick.sd / sampled.sd - 1) for quick, sampled in pairs)
    return (
        f"fast engine: {seconds:.2f} s; its means are at most"
        f" {greatest:.1f} {first.contrast_unit} from the sampler's, its SDs {wider:.0%}"
    )


def _clear(out: Path) -> None:
    if out.exists() and any(out.iterdir()) and not (out / MARK).is_file():
        raise FolderError(f"{out}: is there already and no earlier demo: choose another place with --out")
    if out.exists():
        shutil.rmtree(out)
    try:
        out.mkdir(parents=True)
        (out / MARK).touch()
    except OSError as error:
        raise FolderError(
            f"{out}: cannot be made ({error.strerror}): choose another place with --out"
        ) from error
