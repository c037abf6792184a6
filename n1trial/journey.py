"""The whole pass over a trial folder, or over a table of one's own: each command's work in one function.

Here the rooms are joined: no statistics and no sleep, only who hands what to whom.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from n1trial.checks import CheckResult, Reading, checks_table, weigh_effects
from n1trial.diary import read_diary
from n1trial.effects import Effects, estimate_effects
from n1trial.errors import FolderError, GateError
from n1trial.files import write_whole
from n1trial.fit import Fit, OnStage
from n1trial.fit_file import load_fits, save_fits
from n1trial.intake import nights_by_device, recorded_nights, trial_data
from n1trial.readings import other_readings
from n1trial.report import Material, write_report
from n1trial.report.about import read_about
from n1trial.report.editions import LOG_EVENT, Copy, log_detail, with_earlier, write_edition
from n1trial.side_by_side import CheckedFit, fit_outcomes
from n1trial.store import TrialFolder, append_log, read_log, writing
from n1trial.trial import TrialData

SAMPLER_SEED = 1

type OnNights = Callable[[TrialData], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What was estimated, one entry an outcome, the primary first.

    By outcome name, `checks` holds the lines of the checks and `tables` the numbers of their figures, each
    under the name of its check.
    """

    data: TrialData
    fits: tuple[Fit, ...]
    effects: tuple[Effects, ...]
    checks: dict[str, tuple[CheckResult, ...]]
    tables: dict[str, dict[str, pd.DataFrame]] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether a gate forbids the verdict of the primary outcome."""
        return bool(self.effects[0].problems)


def fit_folder(
    folder: TrialFolder,
    *,
    now: datetime,
    on_stage: OnStage,
    on_nights: OnNights = lambda data: None,
    sampler_seed: int = SAMPLER_SEED,
) -> Analysis:
    """Fit every outcome of a trial and keep the draws in the folder.

    Parameters
    ----------
    on_nights
        Called with the nights before sampling, where none is still to come: no look before the end.
    """
    diary = read_diary(folder.diary, folder.protocol)
    recorded = recorded_nights(folder, diary)
    data = recorded.data
    if _is_over(folder, data, now=now):
        on_nights(data)
    readings = other_readings(folder, recorded, diary)
    checked = _fit(data, sampler_seed=sampler_seed, readings=readings, on_stage=on_stage)
    with writing(folder) as writer:
        save_fits(folder.fit, checked)
        told = f"{len(checked)} outcomes, {checked[0].fit.nights} nights, data {data.sha256[:12]}"
        writer.log("fit", told, now=now)
    return _analysis(data, checked)


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
    if not _is_over(folder, data, now=now):
        if early is None:
            raise GateError(
                f"{folder.path}: the trial runs until {last_planned.date()}, and looking early turns luck into"
                " findings: wait, or give a reason with --early"
            )
        append_log(folder, "looked early", early, now=now)
        data = replace(
            data, peeked=True, notes=(*data.notes, f"looked before the end; reason given: {early}")
        )
    checked = load_fits(folder.fit)
    if any(each.fit.data_sha256 != data.sha256 for each in checked):
        raise FolderError(f"{folder.path}: nights or diary changed after the fit: run n1trial fit again")
    analysis = _analysis(data, checked)
    material = Material(
        data=data,
        fits=analysis.fits,
        effects=analysis.effects,
        checks=analysis.checks,
        tables=analysis.tables,
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


def _is_over(folder: TrialFolder, data: TrialData, *, now: datetime) -> bool:
    """Whether no night of the trial is still to come."""
    last_planned = folder.schedule.table["night"].iloc[-1]
    recorded = data.analysed(data.outcomes[0])["night"].max()
    return bool(now.date() > last_planned.date() or recorded >= last_planned)


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
            tables=analysis.tables,
            facts={"table": source},
        ),
    )
    return analysis


def _fit(
    data: TrialData, *, sampler_seed: int, readings: Sequence[Reading] = (), on_stage: OnStage
) -> list[CheckedFit]:
    """Fit the primary outcome first, and those others that were recorded at all."""
    wanted = [data.outcomes[0], *(each for each in data.outcomes[1:] if len(data.analysed(each)))]
    return fit_outcomes(data, wanted, seed=sampler_seed, readings=readings, on_stage=on_stage)


def _analysis(data: TrialData, checked: Sequence[CheckedFit]) -> Analysis:
    return Analysis(
        data=data,
        fits=tuple(each.fit for each in checked),
        effects=tuple(
            weigh_effects(estimate_effects(each.fit, data), each.findings.results) for each in checked
        ),
        checks={each.fit.outcome.name: each.findings.results for each in checked},
        tables={each.fit.outcome.name: each.findings.tables for each in checked},
    )
