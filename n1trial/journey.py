"""The whole pass over a trial folder, or over a table of one's own: each command's work in one function.

Here the rooms are joined: no statistics and no sleep, only who hands what to whom.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from n1trial.checks import CheckResult, checks_table, run_checks, weigh_effects
from n1trial.diary import Diary, blank_diary, read_diary
from n1trial.effects import Effects, estimate_effects
from n1trial.errors import FolderError, GateError
from n1trial.files import write_whole
from n1trial.fit import Fit, OnStage, fit_outcomes, load_fits, save_fits
from n1trial.importers import OnNote, read_exports, warn
from n1trial.nights import nightly
from n1trial.protocol import protocol_path, read_protocol
from n1trial.randomise import new_seed
from n1trial.report import write_report
from n1trial.schedule import randomise
from n1trial.store import (
    Imported,
    TrialFolder,
    add_episodes,
    append_log,
    create_folder,
    stored_episodes,
)
from n1trial.trial import TrialData, join_trial

SAMPLER_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What was estimated, one entry an outcome, the primary first."""

    data: TrialData
    fits: tuple[Fit, ...]
    effects: tuple[Effects, ...]
    checks: dict[str, tuple[CheckResult, ...]]

    @property
    def refused(self) -> bool:
        """Whether a gate forbids the verdict of the primary outcome."""
        return bool(self.effects[0].problems)


def make_trial(
    path: Path, *, protocol: str, start: date, seed: str | None, home_zone: ZoneInfo | None, now: datetime
) -> TrialFolder:
    """Make a trial folder from a template or protocol file: schedule, calendar, diary, log."""
    source = protocol_path(protocol)
    plan = read_protocol(source)
    schedule = randomise(plan, start=start, seed=seed or new_seed())
    return create_folder(
        path,
        protocol_source=source.read_text(encoding="utf-8-sig"),
        protocol=plan,
        schedule=schedule,
        diary=blank_diary(schedule, plan),
        home_zone=home_zone,
        now=now,
    )


def import_exports(
    folder: TrialFolder, exports: Sequence[Path], *, now: datetime, on_note: OnNote = warn
) -> Imported:
    """Read one export, in one or several files, into the folder; `on_note` is told what to know of it."""
    episodes = read_exports(exports, home_zone=folder.home_zone, on_note=on_note)
    return add_episodes(folder, episodes, now=now)


def trial_data(folder: TrialFolder) -> tuple[TrialData, Diary]:
    """Join what was planned, recorded and written down.

    When several devices recorded, the one with the most nights of the trial is used and the others are
    named in `notes`; they are never mixed.

    Raises
    ------
    FolderError
        Nothing was imported yet.
    """
    episodes = stored_episodes(folder)
    if not episodes:
        raise FolderError(f"{folder.path}: no sleep was imported yet: run n1trial import with your export")
    primary = folder.protocol.primary
    joined = {
        source: join_trial(
            folder.schedule, nightly(each for each in episodes if each.source == source), folder.protocol
        )
        for source in sorted({episode.source for episode in episodes})
    }
    counts = {source: len(data.analysed(primary)) for source, data in joined.items()}
    used = max(counts, key=lambda source: counts[source])
    data = joined[used]
    aside = tuple(
        f"{source} recorded {nights} nights too; only {used} ({counts[used]} nights) is analysed, devices are"
        " never mixed"
        for source, nights in counts.items()
        if source != used
    )
    return replace(data, notes=data.notes + aside), read_diary(folder.diary, folder.protocol)


def fit_folder(folder: TrialFolder, *, now: datetime, on_stage: OnStage) -> Analysis:
    """Fit every outcome of a trial and keep the draws in the folder."""
    data, _ = trial_data(folder)
    fits = _fit(data, on_stage=on_stage)
    save_fits(folder.fit, fits)
    append_log(
        folder, "fit", f"{len(fits)} outcomes, {fits[0].nights} nights, data {data.sha256[:12]}", now=now
    )
    return _analysis(data, fits)


def report_folder(folder: TrialFolder, *, now: datetime, early: str | None = None) -> Analysis:
    """Write the report of a fitted trial into its folder.

    Parameters
    ----------
    early
        Why the person looks before the last night; logged, and printed in the report.

    Raises
    ------
    GateError
        Nights are still to come and no reason was given.
    FolderError
        Nothing was fitted, or nights were imported since.
    """
    data, diary = trial_data(folder)
    last_planned = folder.schedule.table["night"].iloc[-1]
    over = now.date() > last_planned.date() or data.analysed(data.outcomes[0])["night"].max() >= last_planned
    if not over:
        if early is None:
            raise GateError(
                f"{folder.path}: the trial runs until {last_planned.date()}, and looking early turns luck into"
                " findings: wait, or give a reason with --early"
            )
        append_log(folder, "looked early", early, now=now)
        data = replace(
            data, peeked=True, notes=(*data.notes, f"looked before the end; reason given: {early}")
        )
    fits = load_fits(folder.fit)
    if any(fit.data_sha256 != data.sha256 for fit in fits):
        raise FolderError(f"{folder.path}: nights were imported after the fit: run n1trial fit again")
    analysis = _analysis(data, fits)
    write_report(
        folder.report,
        data=data,
        fits=analysis.fits,
        effects=analysis.effects,
        checks=analysis.checks,
        protocol=folder.protocol,
        diary=diary,
        facts={
            "first night": str(folder.schedule.start),
            "protocol fingerprint (SHA-256)": folder.protocol.sha256,
            "allocation seed": folder.schedule.seed,
        },
    )
    return analysis


def analyse_table(data: TrialData, out: Path, *, source: str, on_stage: OnStage) -> Analysis:
    """Analyse a table of one's own; write `effects.csv`, `checks.csv` and `report.html` into `out`."""
    analysis = _analysis(data, _fit(data, on_stage=on_stage))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"{out}: cannot be made ({error.strerror}): choose another place") from error
    outcome = data.outcomes[0]
    write_whole(out / "effects.csv", analysis.effects[0].table.to_csv(index=False, lineterminator="\n"))
    write_whole(
        out / "checks.csv",
        checks_table(analysis.checks[outcome.name]).to_csv(index=False, lineterminator="\n"),
    )
    write_report(
        out / "report.html",
        data=data,
        fits=analysis.fits,
        effects=analysis.effects,
        checks=analysis.checks,
        protocol=None,
        diary=None,
        facts={"table": source},
    )
    return analysis


def _fit(data: TrialData, *, on_stage: OnStage) -> list[Fit]:
    """Fit the primary outcome first, and those others that were recorded at all."""
    wanted = [data.outcomes[0], *(each for each in data.outcomes[1:] if len(data.analysed(each)))]
    return fit_outcomes(data, wanted, seed=SAMPLER_SEED, on_stage=on_stage)


def _analysis(data: TrialData, fits: Sequence[Fit]) -> Analysis:
    checks = {fit.outcome.name: run_checks(data, fit.outcome) for fit in fits}
    effects = tuple(weigh_effects(estimate_effects(fit, data), checks[fit.outcome.name]) for fit in fits)
    return Analysis(data=data, fits=tuple(fits), effects=effects, checks=checks)
