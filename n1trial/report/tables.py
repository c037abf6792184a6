"""The numbers behind every sentence and picture, as tables that a screen reader can read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from n1trial.checks import CheckResult
from n1trial.effects import INTERVAL, INTERVAL_KIND, Effects, contrast_draws
from n1trial.fit import Fit
from n1trial.report.dots import count_dots, dot_gains
from n1trial.report.figures import Analysis, against_reference
from n1trial.report.sentences import HEADINGS, NBSP, of_hundred
from n1trial.trial import TrialData

RANGE = f"{INTERVAL:.0%} interval, {INTERVAL_KIND}".replace("%", f"{NBSP}%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a caption; the first cell of a row names the row."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def number(value: float | None, digits: int = 3) -> str:
    """A number in so many digits with a true minus, or a dash where there is none."""
    if value is None or np.isnan(value):
        return "–"
    text = f"{value:.{digits}g}"
    return (f"{value:.0f}" if "e" in text and abs(value) < 1e6 else text).replace("-", "−")


def span(low: float | None, high: float | None) -> str:
    """An interval on one line, or a dash where there is none."""
    if low is None or high is None:
        return "–"
    return f"{number(low)} to {number(high)}".replace(" ", NBSP)


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
            f"{number(effect.mean)} {effects.outcome.contrast_unit}",
            span(effect.low, effect.high),
            f"{effects.outcome.mid:g}",
            share(effect.p_better),
            share(effect.p_worthwhile),
            share(effect.p_equivalent),
            share(effect.p_worse),
            HEADINGS[effect.verdict],
            effect.certainty,
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


def dots_table(effects: Effects, data: TrialData) -> Table:
    """Counts and nine of the quantiles that the dots stand for."""
    shown, sign = against_reference(effects, data), effects.outcome.sign
    rows = []
    for effect in shown:
        counts, gains = count_dots(effect), dot_gains(effect)
        middle = [number(sign * gains[place]) for place in (0, 4, 12, 24, 37, 45, 49)]
        rows.append(
            [data.labels[effect.arm], *map(str, (counts.worse, counts.between, counts.worthwhile)), *middle]
        )
    header = ["arm", "dots worse", "dots too small to matter", "dots worth having"]
    places = [f"dot {place}, {effects.outcome.contrast_unit}" for place in (1, 5, 13, 25, 38, 46, 50)]
    return Table(caption="The fifty dots of every arm", header=[*header, *places], rows=rows)


def nights_table(data: TrialData) -> Table:
    """Every planned night, what was measured and what became of it."""
    ledgers = [data.ledger(outcome)["became"] for outcome in data.outcomes]
    rows = []
    for place, row in enumerate(data.table.to_dict("records")):
        date = row["night"]
        rows.append(
            [
                f"night {row['day'] + 1}" if pd.isna(date) else f"{date:%Y-%m-%d}",
                data.labels[row["arm"]],
                str(row["period"] or "–"),
                *(number(row[outcome.name], 4) for outcome in data.outcomes),
                "; ".join(dict.fromkeys(ledger.iloc[place] for ledger in ledgers)),
            ]
        )
    measured = [f"{outcome.label}, {outcome.unit}" for outcome in data.outcomes]
    return Table(
        caption="Every planned night",
        header=["evening", "arm", "period", *measured, "became"],
        rows=rows,
    )


def tomorrow_table(effects: Effects, data: TrialData) -> Table:
    """Better nights of a hundred, an arm a row."""
    rows = [
        [
            data.labels[effect.arm],
            str(of_hundred(effect.better_nights)),
            str(100 - of_hundred(effect.better_nights)),
        ]
        for effect in against_reference(effects, data)
        if effect.better_nights is not None
    ]
    return Table(caption="Tomorrow night: of 100 nights", header=["arm", "better", "not better"], rows=rows)


THE_MODEL = "The model"
VARIANTS = {"sceptical": "Model, sceptical start", "equal sleep": "Model, at equal sleep time"}


def analyses(fit: Fit, effects: Effects, data: TrialData, checks: Iterable[CheckResult]) -> list[Analysis]:
    """Every analysis of the same contrasts in the same unit, the model's first.

    A check whose note speaks of a ratio gives its numbers as one, and checks of a percentage give theirs in
    the outcome's unit: those stand in the table of checks alone.
    """
    found = []
    checks = [
        each
        for each in checks
        if each.estimate is not None and "ratio" not in each.note and fit.outcome.scale == "difference"
    ]
    for effect in against_reference(effects, data):
        found.append(
            Analysis(
                contrast=effect.contrast,
                name=THE_MODEL,
                estimate=effect.mean,
                low=effect.low,
                high=effect.high,
            )
        )
        for name, posterior in fit.variants.items():
            draws = contrast_draws(posterior, data, fit.outcome, effect.arm, effect.comparator)
            low, high = np.quantile(draws, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
            found.append(
                Analysis(
                    contrast=effect.contrast,
                    name=VARIANTS.get(name, f"Model, {name}"),
                    estimate=float(draws.mean()),
                    low=float(low),
                    high=float(high),
                )
            )
        found += [
            Analysis(
                contrast=effect.contrast,
                name=each.check,
                estimate=each.estimate or 0.0,
                low=each.low,
                high=each.high,
            )
            for each in checks
            if each.contrast == effect.contrast
        ]
    return found


def analyses_table(found: Sequence[Analysis], unit: str) -> Table:
    """The analyses behind the figure."""
    rows = [[each.name, each.contrast, number(each.estimate), span(each.low, each.high)] for each in found]
    return Table(
        caption="Analysed differently", header=["analysis", "contrast", f"estimate, {unit}", RANGE], rows=rows
    )


def checks_table(results: Sequence[CheckResult], label: str) -> Table:
    """Every line of every check of one outcome, which `label` names."""
    passed = {None: "informs", True: "passed", False: "not passed"}
    rows = [
        [
            each.check,
            each.contrast,
            number(each.estimate),
            span(each.low, each.high),
            number(each.p),
            passed[each.passed],
            each.note,
        ]
        for each in results
    ]
    header = ["check", "contrast", "estimate", "range", "p", "result", "note"]
    return Table(caption=f"All checks of {label}", header=header, rows=rows)


def diagnostics_table(fits: Sequence[Fit]) -> Table:
    """How the sampler did, an outcome a row."""
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
            str(fit.seed),
        ]
        for fit in fits
    ]
    header = ["outcome", "chains × draws", "largest R-hat", "least bulk ESS", "least tail ESS", "divergences"]
    return Table(caption="How the sampler did", header=[*header, "least E-BFMI", "nights", "seed"], rows=rows)
