"""Tables of a report, and how their numbers are written."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from n1trial.analysis.checks import CheckResult, Quantity
from n1trial.analysis.effects import Effects
from n1trial.data.trial_data import TrialData
from n1trial.design.verdict import INTERVAL, INTERVAL_KIND
from n1trial.inference.fit import Fit
from n1trial.markup.text import as_written
from n1trial.report.sentences import HEADINGS, NBSP, level_of

RANGE = f"{INTERVAL:.0%} interval, {INTERVAL_KIND}".replace("%", f"{NBSP}%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a caption; the first cell of a row names the row."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def number(value: float | None, digits: int = 3) -> str:
    """A number with these significant digits and a true minus, or a dash where there is none."""
    if value is None or np.isnan(value):
        return "–"
    text = f"{value:.{digits}g}"
    return (f"{value:.0f}" if "e" in text and abs(value) < 1e6 else text).replace("-", "−")


def difference(value: float | None, decimals: int = 2) -> str:
    """A number rounded to these decimals, such as awakenings a night: a value near 0 gets no false digits."""
    if value is None or np.isnan(value):
        return "–"
    text = number(value)
    too_long = len(text.partition(".")[2]) > decimals
    return number(round(value, decimals) + 0.0) if too_long else text


def span(low: float | None, high: float | None, decimals: int = 3) -> str:
    """An interval on one line, or a dash where there is none."""
    if low is None or high is None:
        return "–"
    return f"{difference(low, decimals)} to {difference(high, decimals)}".replace(" ", NBSP)


def p_value(p: float | None) -> str:
    """A p value with three decimals, or a dash where there is none."""
    if p is None or np.isnan(p):
        return "–"
    return f"<{NBSP}0.001" if p < 0.001 else f"{p:.3f}"


def share(probability: float) -> str:
    """A chance in per cent, never 0 and never 100."""
    return f"{min(99, max(1, round(100 * probability)))}{NBSP}%"


def frame(caption: str, table: pd.DataFrame, *, corner: str) -> Table:
    """A data frame whose index names the rows."""
    rows = [
        [str(name), *(number(each, 2) if isinstance(each, float) else str(each) for each in row)]
        for name, row in zip(table.index, table.to_numpy().tolist(), strict=True)
    ]
    return Table(caption=caption, header=[corner, *map(str, table.columns)], rows=rows)


def effects_table(all_effects: Sequence[Effects], data: TrialData) -> Table:
    """Every contrast of every outcome with its interval, chances and verdict."""
    rows = [
        [
            f"{effects.outcome.label}: {data.labels[effect.arm]} − {data.labels[effect.comparator]}",
            f"{difference(effect.mean)} {effects.outcome.contrast_unit}",
            span(effect.low, effect.high, 2),
            as_written(effects.outcome.mid),
            share(effect.p_better),
            share(effect.p_worthwhile),
            share(effect.p_equivalent),
            share(effect.p_worse),
            HEADINGS[effect.verdict],
            effect.certainty if level_of(effect) else "–",
        ]
        for effects in all_effects
        for effect in effects.contrasts
    ]
    header = [
        "comparison",
        "mean",
        RANGE,
        "worth having",
        "any gain",
        "gain worth having",
        "less either way",
        "loss as large",
        "verdict",
        "certainty",
    ]
    return Table(caption="Every comparison of every outcome", header=header, rows=rows)


def checks_table(results: Sequence[CheckResult], label: str) -> Table:
    """Every line of every check of one outcome, which `label` names."""
    passed = {None: "informs", True: "passed", False: "not passed"}
    rows = [
        [
            each.check,
            each.subject,
            # 1.005 in three digits would be 1.01 beside "below 1.01".
            number(each.estimate, 4) if each.quantity is Quantity.R_HAT else difference(each.estimate, 3),
            span(each.low, each.high),
            p_value(each.p),
            passed[each.passed],
            each.short_note or each.note,
        ]
        for each in results
    ]
    header = ["check", "contrast", "estimate", "range", "p", "result", "note"]
    return Table(caption=f"All checks of {label}", header=header, rows=rows)


def diagnostics_table(fits: Sequence[Fit]) -> Table:
    """Diagnostics of the sampler, one row per outcome."""
    rows = [
        [
            fit.outcome.label,
            f"{fit.diagnostics.chains} × {fit.diagnostics.draws}",
            f"{fit.diagnostics.max_r_hat:.3f}",
            f"{fit.diagnostics.min_ess_bulk:.0f}",
            f"{fit.diagnostics.min_ess_tail:.0f}",
            str(fit.diagnostics.divergences),
            f"{fit.diagnostics.min_bfmi:.2f}",
            str(fit.nights),
        ]
        for fit in fits
    ]
    header = ["outcome", "chains × draws", "largest R-hat", "least bulk ESS", "least tail ESS", "divergences"]
    return Table(caption="How the sampler did", header=[*header, "least E-BFMI", "nights"], rows=rows)
