"""Data quality of a trial: whether what was recorded and written down is fit to be analysed, blind to the arms.

Every check is a function from `Evidence` to findings. To add one, write it in the module of its subject and list it
in `CHECKS`.
"""

import json
from collections.abc import Iterator

from n1trial.markup.text import visible
from n1trial.trial_folder.quality import clocks, coverage, devices, diary_answers, doses, odd_nights
from n1trial.trial_folder.quality.evidence import Evidence, Finding
from n1trial.trial_folder.snapshot import TrialSnapshot

__all__ = ["Evidence", "Finding", "check_quality", "gather_evidence", "quality_json", "quality_lines"]

CHECKS = (
    coverage.covered,
    coverage.missing_by_week,
    odd_nights.split,
    odd_nights.implausible,
    odd_nights.flagged,
    clocks.clock_changes,
    clocks.travel,
    devices.eras,
    devices.agreement,
    doses.timing,
    diary_answers.written,
    diary_answers.impossible,
    diary_answers.repeated,
)
NIGHTS_SHOWN = 12


def gather_evidence(trial: TrialSnapshot) -> Evidence:
    """Put together what the checks need, without the arms.

    Raises
    ------
    FolderError
        Nothing was imported yet.
    DiaryError
        A line of the diary cannot be read.
    """
    nights, diary, table = trial.nights, trial.diary, trial.schedule.table
    return Evidence(
        planned=trial.planned,
        today=trial.evening,
        device=trial.device,
        nights=nights[trial.device].table,
        traced=trial.traced_in_trial,
        others={device: others.table for device, others in nights.items() if device != trial.device},
        diary=diary.table,
        minutes_before_bed=trial.protocol.dosing.minutes_before_bed,
        run_in=frozenset(night.date() for night in table.loc[table["phase"] == "run-in", "night"]),
        diary_notes=diary.own_notes,
        habit=trial.protocol.habit,
    )


def check_quality(evidence: Evidence) -> tuple[Finding, ...]:
    """Every finding, in the order of the checks; a check without data says so or nothing."""
    return tuple(finding for check in CHECKS for finding in check(evidence))


def quality_lines(findings: tuple[Finding, ...]) -> Iterator[str]:
    """The findings as lines, with at most a dozen of their nights."""
    for finding in findings:
        shown = ", ".join(str(night) for night in finding.nights[:NIGHTS_SHOWN])
        more = len(finding.nights) - NIGHTS_SHOWN
        nights = f" ({shown}{f' and {more} more' if more > 0 else ''})" if shown else ""
        yield visible(f"{finding.check}: {finding.said}{nights}")


def quality_json(findings: tuple[Finding, ...]) -> str:
    """The findings as JSON, a list of `check`, `said` and `nights`, with every night."""
    records = [
        {"check": finding.check, "said": finding.said, "nights": [str(night) for night in finding.nights]}
        for finding in findings
    ]
    return json.dumps(records, indent=1, ensure_ascii=True)
