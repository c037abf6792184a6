"""The report of a fitted trial, or of a table of one's own: from the analysis to the files that people read.

No statistics here: these functions call `fit_trial` and `report` in turn and write the files.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from n1trial.analysis.checks import checks_table
from n1trial.analysis.fit_file import load_fits, save_fits
from n1trial.analysis.interim import decide
from n1trial.analysis.parallel_fit import CheckedFit
from n1trial.data.trial_data import TrialData
from n1trial.errors import FolderError, GateError
from n1trial.inference.fit import OnStage
from n1trial.report import Material
from n1trial.report.content.about_file import read_about
from n1trial.report.render.outputs import Copy, edition_event, edition_files, with_earlier, write_edition
from n1trial.system.files import results_folder, write_whole
from n1trial.trial_folder.events import early_look_note, given_reason
from n1trial.trial_folder.snapshot import TrialSnapshot
from n1trial.trial_folder.store import Changes, commit
from n1trial.trial_folder.store.log_events import Event, LookedAsPlanned, LookedEarly
from n1trial.workflows.fit_trial import SAMPLER_SEED, Analysis, analysis_of, fit_table


def report_folder(
    trial: TrialSnapshot, *, early: str | None = None, copies: Collection[Copy] = ()
) -> Analysis:
    """Write the report of a fitted trial and `effects.csv` into its folder; the log keeps the answer of every edition.

    Parameters
    ----------
    trial, early, copies
        As `report_trial` takes them; the fits are those of the folder.

    Returns
    -------
    Analysis
        What the report was written from.

    Raises
    ------
    GateError
        As `refuse_report` raises.
    FolderError
        Nothing was fitted, nights or diary changed since, or the reason to look early is empty.
    """
    refuse_report(trial, early=early, copies=copies)
    fits = load_fits(trial.folder.fit)
    about = read_about(trial.folder.path / "about.yaml")
    analysis, changes = report_trial(trial, fits, about=about, early=early, copies=copies)
    commit(trial.folder, changes, now=trial.now)
    return analysis


def refuse_report(trial: TrialSnapshot, *, early: str | None, copies: Collection[Copy] = ()) -> None:
    """Refuse a report that nobody should see yet.

    Raises
    ------
    GateError
        Nights are still to come and no reason was given, or a copy of hidden arms would be shared.
    FolderError
        The reason to look early is empty, or nothing was imported yet.
    """
    path = trial.folder.path
    if early is not None:
        given_reason(trial.folder, early)
    if trial.folder.sealed and {"share", "share with nights"} & {*copies}:
        raise GateError(
            f"{path}: the arms are still letters, and letters tell others nothing: share it after n1trial unblind"
        )
    if not trial.imported:
        raise FolderError(f"{path}: no sleep was imported yet: run n1trial import with your export")
    if trial.night_to_wait_for and early is None:
        raise GateError(
            f"{path}: the trial runs until {trial.night_to_wait_for}, and looking early turns luck into findings:"
            " wait, or give a reason with --early"
        )


def report_trial(
    trial: TrialSnapshot,
    fits: Sequence[CheckedFit],
    *,
    about: Mapping[str, str] = {},
    early: str | None = None,
    copies: Collection[Copy] = (),
) -> tuple[Analysis, Changes]:
    """The report of a fitted trial. Nothing is written.

    Parameters
    ----------
    trial : TrialSnapshot
        A trial at the moment of the report.
    fits : sequence of CheckedFit, [outcome]
        Fits of these nights, the primary outcome first.
    about : mapping of str to str
        What only the person can say, as `read_about` reads it.
    early : str, optional
        Why the person looks before the last night; logged, and printed in the report.
    copies : collection of Copy
        What else to write: plain text, or a page without dates, places and the person's own words.

    Returns
    -------
    Analysis
        What the report is made from.
    Changes
        Page, copies and `effects.csv`, and the answer for the log; an early look stands in the log before.

    Raises
    ------
    GateError
        As `refuse_report` raises.
    FolderError
        Nights or diary changed after the fit, or the reason to look early is empty.
    """
    refuse_report(trial, early=early, copies=copies)
    folder, data = trial.folder, trial.data
    if any(done.fit.data_sha256 != data.sha256 for done in fits):
        raise FolderError(f"{folder.path}: nights or diary changed after the fit: run n1trial fit again")
    before: tuple[Event, ...] = ()
    if trial.night_to_wait_for and early is not None:
        # Logged when there is something to see, and before it is seen.
        reason = given_reason(folder, early)
        before = (LookedEarly(reason=reason),)
        note = early_look_note(trial.now.isoformat()[:10], reason)
        data = replace(data, peeked=True, notes=tuple(dict.fromkeys((*data.notes, note))))
    analysis = analysis_of(data, fits)
    log: list[Event] = []
    if trial.look is not None and trial.protocol.looks:
        decision = decide(trial.protocol.looks, trial.look, data, analysis.fits[0], analysis.effects[0])
        data = replace(data, notes=(*data.notes, f"planned look {decision.said}"))
        analysis = replace(analysis, data=data, decision=decision)
        log.append(LookedAsPlanned(decision=decision.said))
    material = Material(
        data=data,
        fits=analysis.fits,
        effects=analysis.effects,
        checks=analysis.checks,
        tables=analysis.tables,
        protocol=trial.protocol,
        diary=trial.diary,
        person=folder.person,
        facts=_facts(trial),
        about=about,
        devices=trial.nights,
    )
    files = edition_files(with_earlier(material, trial.log), copies, page=folder.report.name)
    log.append(edition_event(material))
    changes = Changes(
        files=files | {"effects.csv": _effects_csv(analysis)}, log=tuple(log), log_before=before
    )
    return analysis, changes


def analyse_table(
    data: TrialData,
    out: Path,
    *,
    source: str,
    on_stage: OnStage,
    title: str | None = None,
    sampler_seed: int = SAMPLER_SEED,
    copies: Collection[Copy] = (),
) -> Analysis:
    """Analyse a table of one's own; write `effects.csv`, `checks.csv`, `fit.nc` and `report.html` into `out`.

    Of several outcomes `checks.csv` has a first column that names the outcome, as `effects.csv` always has.

    Parameters
    ----------
    data
        The table, as `read_table` gives it.
    out
        Folder for the files.
    source
        Name of the table, which the report prints.
    on_stage
        Called with an outcome's name and the stage that begins.
    title
        Of the report; None: a question about the outcome.
    sampler_seed
        Of the sampler.
    copies
        What else to write: plain text, or a page without dates, places and the person's own words.
    """
    analysis = fit_table(data, on_stage=on_stage, sampler_seed=sampler_seed)
    checks = {name: checks_table(results) for name, results in analysis.checks.items()}
    if len(checks) > 1:
        for name, table in checks.items():
            table.insert(0, "outcome", name)
    results_folder(out)
    write_whole(out / "effects.csv", _effects_csv(analysis))
    write_whole(out / "checks.csv", pd.concat(checks.values()).to_csv(index=False, lineterminator="\n"))
    save_fits(out / "fit.nc", analysis.checked)
    material = Material(
        data=data,
        fits=analysis.fits,
        effects=analysis.effects,
        checks=analysis.checks,
        tables=analysis.tables,
        title=title or "",
        facts={"table": source},
    )
    write_edition(out / "report.html", material, copies)
    return analysis


def _effects_csv(analysis: Analysis) -> str:
    """Every contrast of every outcome, a row each."""
    table = pd.concat([effects.table for effects in analysis.effects])
    return table.to_csv(index=False, lineterminator="\n")


def _facts(trial: TrialSnapshot) -> dict[str, str]:
    """Where the numbers come from: what was fixed at the start, and what was changed since."""
    folder = trial.folder
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
    return facts | {
        f"amendment {number} ({line.day}) to the protocol above": line.event.text
        for number, line in enumerate(trial.course.amendments, start=1)
    }
