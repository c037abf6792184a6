"""The report of a fitted trial, or of a table of one's own: from the analysis to the files that people read.

No statistics here: these functions call `fit_trial` and `report` in turn and write the files.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from n1trial.analysis.checks import checks_table
from n1trial.analysis.fit_file import load_fits, save_fits
from n1trial.analysis.interim import decide
from n1trial.data.trial_data import TrialData
from n1trial.errors import FolderError, GateError
from n1trial.inference.fit import OnStage
from n1trial.report import Material
from n1trial.report.content.about_file import read_about
from n1trial.report.render.outputs import Copy, edition_event, with_earlier, write_edition
from n1trial.system.files import results_folder, write_whole
from n1trial.trial_folder.analysis_data import nights_by_device
from n1trial.trial_folder.events import given_reason, last_night, look_early, read_course
from n1trial.trial_folder.store import TrialFolder, read_log, writing
from n1trial.trial_folder.store.log_events import LookedAsPlanned
from n1trial.workflows.fit_trial import SAMPLER_SEED, Analysis, analysis_of, fit_table, is_over, nights_now


def report_folder(
    folder: TrialFolder, *, now: datetime, early: str | None = None, copies: Collection[Copy] = ()
) -> Analysis:
    """Write the report of a fitted trial and `effects.csv` into its folder; the log keeps the answer of every edition.

    Parameters
    ----------
    folder : TrialFolder
        An open trial folder.
    now : datetime
        An aware moment, by which the trial is over or not.
    early : str, optional
        Why the person looks before the last night; logged, and printed in the report.
    copies : collection of Copy
        What else to write: plain text, or a page without dates, places and the person's own words.

    Returns
    -------
    Analysis
        What the report was written from.

    Raises
    ------
    GateError
        Nights are still to come and no reason was given, or a copy of hidden arms would be shared.
    FolderError
        Nothing was fitted, nights or diary changed since, or the reason to look early is empty.
    """
    if early is not None:
        early = given_reason(folder, early)
    if folder.sealed and {"share", "share with nights"} & {*copies}:
        raise GateError(
            f"{folder.path}: the arms are still letters, and letters tell others nothing: share it after n1trial"
            " unblind"
        )
    recorded, diary, look = nights_now(folder, now=now)
    data = recorded.data
    too_early = look is None and not is_over(folder, data, now=now)
    if too_early and early is None:
        raise GateError(
            f"{folder.path}: the trial runs until {last_night(folder, read_course(folder))}, and looking"
            " early turns luck into findings: wait, or give a reason with --early"
        )
    checked = load_fits(folder.fit)
    if any(done.fit.data_sha256 != data.sha256 for done in checked):
        raise FolderError(f"{folder.path}: nights or diary changed after the fit: run n1trial fit again")
    if too_early and early is not None:
        # Logged when there is something to see, and before it is seen.
        note = look_early(folder, early, now=now)
        data = replace(data, peeked=True, notes=tuple(dict.fromkeys((*data.notes, note))))
    analysis = analysis_of(data, checked)
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
        person=folder.person,
        facts=_facts(folder),
        about=read_about(folder.path / "about.yaml"),
        devices=nights_by_device(recorded),
    )
    with writing(folder) as writer:
        write_edition(folder.report, with_earlier(material, read_log(folder)), copies)
        write_whole(folder.path / "effects.csv", _effects_csv(analysis))
        if analysis.decision:
            writer.log(LookedAsPlanned(decision=analysis.decision.said), now=now)
        writer.log(edition_event(material), now=now)
    return analysis


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
        f"amendment {number} ({line.day}) to the protocol above": line.event.text
        for number, line in enumerate(amendments, start=1)
    }
