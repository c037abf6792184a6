"""The whole pass over a trial folder, or over a table of one's own: each command's work in one function.

Here the rooms are joined: no statistics and no sleep, only who hands what to whom.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from n1trial.checks import CheckResult, checks_table, run_checks, weigh_effects
from n1trial.effects import Effects, estimate_effects
from n1trial.errors import FolderError, GateError
from n1trial.files import write_whole
from n1trial.fit import Fit, OnStage, fit_outcomes, load_fits, save_fits
from n1trial.intake import nights_by_device, trial_data
from n1trial.report import Material, write_report
from n1trial.report.about import read_about
from n1trial.report.editions import LOG_EVENT, Copy, log_detail, with_earlier, write_edition
from n1trial.store import TrialFolder, append_log, read_log, writing
from n1trial.trial import TrialData

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


def fit_folder(
    folder: TrialFolder, *, now: datetime, on_stage: OnStage, sampler_seed: int = SAMPLER_SEED
) -> Analysis:
    """Fit every outcome of a trial and keep the draws in the folder."""
    data, _ = trial_data(folder)
    fits = _fit(data, sampler_seed=sampler_seed, on_stage=on_stage)
    with writing(folder) as writer:
        save_fits(folder.fit, fits)
        told = f"{len(fits)} outcomes, {fits[0].nights} nights, data {data.sha256[:12]}"
        writer.log("fit", told, now=now)
    return _analysis(data, fits)


def report_folder(
    folder: TrialFolder, *, now: datetime, early: str | None = None, copies: Collection[Copy] = ()
) -> Analysis:
    """Write the report of a fitted trial into its folder; the log keeps the answer of every edition.

    Parameters
    ----------
    early
        Why the person looks before the last night; logged, and printed in the report.
    copies
        What else to write: plain text, or a page without dates, places and the person's own words.

    Raises
    ------
    GateError
        Nights are still to come and no reason was given.
    FolderError
        Nothing was fitted, or nights or diary changed since.
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
        raise FolderError(f"{folder.path}: nights or diary changed after the fit: run n1trial fit again")
    analysis = _analysis(data, fits)
    material = Material(
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
        about=read_about(folder.path / "about.yaml"),
        devices=nights_by_device(folder),
    )
    with writing(folder) as writer:
        write_edition(folder.report, with_earlier(material, read_log(folder)), copies)
        writer.log(LOG_EVENT, log_detail(material), now=now)
    return analysis


def analyse_table(
    data: TrialData, out: Path, *, source: str, on_stage: OnStage, sampler_seed: int = SAMPLER_SEED
) -> Analysis:
    """Analyse a table of one's own; write `effects.csv`, `checks.csv` and `report.html` into `out`."""
    analysis = _analysis(data, _fit(data, sampler_seed=sampler_seed, on_stage=on_stage))
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        Material(
            data=data,
            fits=analysis.fits,
            effects=analysis.effects,
            checks=analysis.checks,
            facts={"table": source},
        ),
    )
    return analysis


def _fit(data: TrialData, *, sampler_seed: int, on_stage: OnStage) -> list[Fit]:
    """Fit the primary outcome first, and those others that were recorded at all."""
    wanted = [data.outcomes[0], *(each for each in data.outcomes[1:] if len(data.analysed(each)))]
    return fit_outcomes(data, wanted, seed=sampler_seed, on_stage=on_stage)


def _analysis(data: TrialData, fits: Sequence[Fit]) -> Analysis:
    checks = {fit.outcome.name: run_checks(data, fit.outcome) for fit in fits}
    effects = tuple(weigh_effects(estimate_effects(fit, data), checks[fit.outcome.name]) for fit in fits)
    return Analysis(data=data, fits=tuple(fits), effects=effects, checks=checks)
