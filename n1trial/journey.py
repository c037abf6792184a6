"""The whole pass over a trial folder, or over a table of one's own: each command's work in one function.

Here the rooms are joined: no statistics and no sleep, only who hands what to whom.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from n1trial.checks import Case, CheckResult, Reading, checks_table, weigh_effects
from n1trial.conduct import EARLY_LOOK, PLANNED_LOOK, coming_evening, last_night, read_course
from n1trial.diary import Diary, read_diary
from n1trial.effects import Effects, estimate_effects, problems_of
from n1trial.errors import FolderError, GateError
from n1trial.files import make_folder, write_whole
from n1trial.fit import Fit, OnStage
from n1trial.fit_file import fits_key, known_fits, load_fits, save_fits
from n1trial.intake import Recorded, nights_by_device, recorded_nights
from n1trial.looks import Decision, block_to_look_at, decide, nights_to_look_at
from n1trial.readings import other_readings, recorders
from n1trial.report import Material, write_report
from n1trial.report.about import read_about
from n1trial.report.editions import LOG_EVENT, Copy, log_detail, with_earlier, write_edition
from n1trial.side_by_side import CheckedFit, fit_outcomes
from n1trial.store import TrialFolder, append_log, read_log, writing
from n1trial.trial import TrialData

SAMPLER_SEED = 1

type OnNights = Callable[[TrialData], None]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What was estimated, one entry an outcome, the primary first.

    By outcome name, `checks` holds the lines of the checks, `tables` the numbers of their figures, each under
    the name of its check, and `seconds` how long each stage took. `known`: nothing had changed since the last
    fit, which is given again. `decision` is what a planned look came to.
    """

    data: TrialData
    fits: tuple[Fit, ...]
    checks: dict[str, tuple[CheckResult, ...]]
    tables: dict[str, dict[str, pd.DataFrame]] = field(default_factory=dict)
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)
    known: bool = False
    decision: Decision | None = None

    @cached_property
    def effects(self) -> tuple[Effects, ...]:
        """Made when first asked for: how many nights would settle a question takes most of a second."""
        return tuple(
            weigh_effects(estimate_effects(fit, self.data), self.checks[fit.outcome.name])
            for fit in self.fits
        )

    @property
    def refused(self) -> bool:
        """Whether a gate forbids the verdict of the primary outcome."""
        return bool(problems_of(self.fits[0], self.data))


def fit_folder(
    folder: TrialFolder,
    *,
    now: datetime,
    on_stage: OnStage,
    on_nights: OnNights = lambda data: None,
    sampler_seed: int = SAMPLER_SEED,
) -> Analysis:
    """Fit every outcome of a trial and keep the draws in the folder; at a planned look, up to its block.

    When nothing has changed since the last fit, that one is the answer.

    Parameters
    ----------
    on_nights
        Called with the nights before sampling, once the trial is over and its arms have names.
    """
    recorded, diary, _ = _nights_now(folder, now=now)
    data = recorded.data
    cases = _cases(data, readings=other_readings(folder, recorded, diary), recorders=recorders(recorded))
    key = fits_key(cases, seed=sampler_seed)
    known = known_fits(folder.fit, key=key)
    if known is not None:
        return replace(_analysis(data, known), known=True)
    if _over(folder, data, now=now) and not folder.sealed:
        on_nights(data)
    checked = fit_outcomes(cases, seed=sampler_seed, on_stage=on_stage)
    with writing(folder) as writer:
        save_fits(folder.fit, checked, key=key)
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
        Nights are still to come and no reason was given, or a copy of hidden arms would be shared.
    FolderError
        Nothing was fitted, or nights or diary changed since.
    """
    if folder.sealed and {"share", "share with nights"} & {*copies}:
        raise GateError(
            f"{folder.path}: the arms are still letters, and letters tell others nothing: share it after n1trial"
            " unblind"
        )
    recorded, diary, look = _nights_now(folder, now=now)
    data = recorded.data
    if look is None and not _over(folder, data, now=now):
        if early is None:
            raise GateError(
                f"{folder.path}: the trial runs until {last_night(folder, read_course(folder))}, and looking"
                " early turns luck into findings: wait, or give a reason with --early"
            )
        append_log(folder, EARLY_LOOK, early, now=now)
        data = replace(
            data, peeked=True, notes=(*data.notes, f"looked before the end; reason given: {early}")
        )
    checked = load_fits(folder.fit)
    if any(each.fit.data_sha256 != data.sha256 for each in checked):
        raise FolderError(f"{folder.path}: nights or diary changed after the fit: run n1trial fit again")
    analysis = _analysis(data, checked)
    if look is not None and folder.protocol.looks:
        decision = decide(folder.protocol.looks, look, data, analysis.fits[0], analysis.effects[0])
        data = replace(data, notes=(*data.notes, f"planned look {decision.said}"))
        analysis = replace(analysis, data=data, decision=decision)
    material = Material(
        data=data,
        fits=analysis.fits,
        effects=analysis.effects,
        checks=analysis.checks,
        tables=analysis.tables,
        protocol=folder.protocol,
        diary=diary,
        facts=_facts(folder),
        about=read_about(folder.path / "about.yaml"),
        devices=nights_by_device(folder),
    )
    with writing(folder) as writer:
        write_edition(folder.report, with_earlier(material, read_log(folder)), copies)
        if analysis.decision:
            writer.log(PLANNED_LOOK, analysis.decision.said, now=now)
        writer.log(LOG_EVENT, log_detail(material), now=now)
    return analysis


def _nights_now(folder: TrialFolder, *, now: datetime) -> tuple[Recorded, Diary, int | None]:
    """The nights to analyse, the diary, and the block of the planned look that is due before the end."""
    diary = read_diary(folder.diary, folder.protocol)
    recorded = recorded_nights(folder, diary)
    if _over(folder, recorded.data, now=now):
        return recorded, diary, None
    look = block_to_look_at(folder.protocol.looks, folder.schedule, coming_evening(folder, now=now))
    if look is None:
        return recorded, diary, None
    return replace(recorded, data=nights_to_look_at(recorded.data, folder.schedule, look)), diary, look


def _over(folder: TrialFolder, data: TrialData, *, now: datetime) -> bool:
    """Whether the last night has passed, or is recorded."""
    last = last_night(folder, read_course(folder))
    recorded = data.analysed(data.outcomes[0])["night"].max()
    return coming_evening(folder, now=now) > last or (pd.notna(recorded) and recorded.date() >= last)


def _facts(folder: TrialFolder) -> dict[str, str]:
    """Where the numbers come from: what was fixed at the start, and what was changed since."""
    facts = {
        "first night": str(folder.schedule.start),
        "protocol fingerprint (SHA-256)": folder.protocol.sha256,
        "schedules that could have been drawn": f"{folder.protocol.admissible.size:,}",
    }
    if folder.schedule.seed:
        facts["allocation seed"] = folder.schedule.seed
    if folder.commitment:
        opened = "; the key that was opened fits it" if folder.key else ""
        facts["commitment to the sealed key"] = f"{folder.commitment}{opened}"
    amendments = read_course(folder).amendments
    return facts | {
        f"amendment {number} ({line.day}) to the protocol above": line.detail
        for number, line in enumerate(amendments, start=1)
    }


def analyse_table(
    data: TrialData, out: Path, *, source: str, on_stage: OnStage, sampler_seed: int = SAMPLER_SEED
) -> Analysis:
    """Analyse a table of one's own; write `effects.csv`, `checks.csv` and `report.html` into `out`."""
    analysis = _analysis(data, fit_outcomes(_cases(data), seed=sampler_seed, on_stage=on_stage))
    make_folder(out)
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


def _cases(
    data: TrialData, *, readings: tuple[Reading, ...] = (), recorders: tuple[str, ...] = ()
) -> list[Case]:
    """The primary outcome first, and those others that were recorded at all."""
    wanted = [data.outcomes[0], *(each for each in data.outcomes[1:] if len(data.analysed(each)))]
    return [
        Case(
            data=data,
            outcome=outcome,
            readings=tuple(each for each in readings if each.outcome.name == outcome.name),
            recorders=recorders,
        )
        for outcome in wanted
    ]


def _analysis(data: TrialData, checked: Sequence[CheckedFit]) -> Analysis:
    return Analysis(
        data=data,
        fits=tuple(each.fit for each in checked),
        checks={each.fit.outcome.name: each.findings.results for each in checked},
        tables={each.fit.outcome.name: each.findings.tables for each in checked},
        seconds={
            each.fit.outcome.name: {
                "starting": each.start_s,
                "compiling": each.fit.compile_s,
                "sampling": each.fit.sample_s,
                "checking": each.check_s,
            }
            for each in checked
        },
    )
