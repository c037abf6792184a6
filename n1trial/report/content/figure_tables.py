"""The numbers of every figure, as tables that a screen reader can read."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from n1trial.analysis.bland_altman import Agreement
from n1trial.analysis.checks import CheckResult, Quantity
from n1trial.analysis.contrasts import contrast_draws
from n1trial.analysis.effects import INTERVAL, Effects
from n1trial.analysis.quantile_dots import count_dots, dot_gains
from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.inference.fit import Fit
from n1trial.inference.inla import BadNightsChange, SleepDistribution, TypicalChange
from n1trial.report.content.tables import RANGE, Table, number, span
from n1trial.report.figures import ForestRow, PeriodMean, Prediction, against_reference
from n1trial.report.figures.doses import BIN_MIN, MOST_MIN
from n1trial.report.sentences import of_hundred


def dots_table(effects: Effects, data: TrialData) -> Table:
    """Counts of the dots and seven of the quantiles that they represent."""
    shown, sign = against_reference(effects, data), effects.outcome.sign
    rows = []
    for effect in shown:
        counts, gains = count_dots(effect), dot_gains(effect)
        middle = [number(sign * gains[place]) for place in (0, 4, 12, 24, 37, 45, 49)]
        rows.append(
            [data.labels[effect.arm], *map(str, (counts.worse, counts.between, counts.worthwhile)), *middle]
        )
    header = ["arm", "marks worse", "marks too small to matter", "marks worth having"]
    places = [f"mark {place}, {effects.outcome.contrast_unit}" for place in (1, 5, 13, 25, 38, 46, 50)]
    return Table(caption="The fifty marks of every arm", header=[*header, *places], rows=rows)


def nights_table(data: TrialData) -> Table:
    """Every planned night, its measurements, and whether it was analysed or why not."""
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


def distribution_table(distribution: SleepDistribution, data: TrialData) -> Table:
    """Bad nights and the median night of every arm, and their changes against the reference."""
    rows = []
    for arm, nights in distribution.arms.items():
        contrast = Contrast(arm, data.reference)
        share = number(100 * nights.bad / nights.nights)
        counted = [str(nights.nights), str(nights.bad), share, number(nights.middle_min, 4)]
        changes = [
            *_of_bad_nights(distribution.bad.get(contrast)),
            *_of_typical_night(distribution.typical.get(contrast)),
        ]
        rows.append([data.labels[arm], *counted, *changes])
    header = [
        *("arm", "nights", f"under {distribution.limit_min} min", "of 100", "middle night, min"),
        *("change of 100 nights", RANGE, f"odds ratio ({RANGE})", "verdict"),
        *("change of the typical night, min", RANGE),
    ]
    return Table(caption="Bad nights and the typical night", header=header, rows=rows)


def _of_bad_nights(change: BadNightsChange | None) -> list[str]:
    if change is None:
        return ["–"] * 4
    ratio, low, high = change.odds_ratio
    return [
        number(change.mean),
        span(change.low, change.high),
        f"{number(ratio, 2)} ({span(low, high)})",
        change.verdict,
    ]


def _of_typical_night(change: TypicalChange | None) -> list[str]:
    return ["–"] * 2 if change is None else [number(change.mean), span(change.low, change.high)]


def tomorrow_table(effects: Effects, data: TrialData) -> Table:
    """Better nights of a hundred, one row per arm."""
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
# The same prior as the model or one of its variants.
REPEATED = ("prior, default", "prior, sceptical")
VARIANTS = {"sceptical": "Model, sceptical start", "equal sleep": "Model, at equal sleep time"}


def analyses(fit: Fit, effects: Effects, data: TrialData, checks: Iterable[CheckResult]) -> list[ForestRow]:
    """Every analysis of the same contrasts in the same unit, the model's first.

    Some checks are in the table of checks only: repeats of the model or its variants, effects once built up, ratios,
    and all checks of a percentage, which are in the outcome's unit.
    """
    rows = []
    checks = [
        check
        for check in checks
        if check.estimate is not None
        and check.check not in REPEATED
        and check.quantity is Quantity.EFFECT
        and fit.outcome.scale == "difference"
    ]
    for effect in against_reference(effects, data):
        rows.append(
            ForestRow(
                contrast=effect.contrast,
                name=THE_MODEL,
                estimate=effect.mean,
                low=effect.low,
                high=effect.high,
            )
        )
        for name, posterior in fit.variants.items():
            draws = contrast_draws(posterior, data, fit.outcome, effect.contrast)
            low, high = np.quantile(draws, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
            rows.append(
                ForestRow(
                    contrast=effect.contrast,
                    name=VARIANTS.get(name, f"Model, {name}"),
                    estimate=float(draws.mean()),
                    low=float(low),
                    high=float(high),
                )
            )
        rows += [
            ForestRow(
                contrast=effect.contrast,
                name=check.check,
                estimate=check.estimate or 0.0,
                low=check.low,
                high=check.high,
            )
            for check in checks
            if check.contrast == effect.contrast
        ]
    return rows


def analyses_table(analyses: Sequence[ForestRow], unit: str) -> Table:
    """The analyses behind the figure."""
    rows = [[row.name, str(row.contrast), number(row.estimate), span(row.low, row.high)] for row in analyses]
    return Table(
        caption="Analysed differently", header=["analysis", "contrast", f"estimate, {unit}", RANGE], rows=rows
    )


def periods_table(means: Sequence[PeriodMean], outcome: Outcome, data: TrialData) -> Table:
    """The mean of every period with its interval."""
    rows = [
        [
            *(
                str(period.period),
                str(period.block or "–"),
                data.labels[period.arm],
                str(period.nights),
            ),
            *(number(period.mean, 4), span(period.low, period.high)),
        ]
        for period in means
    ]
    header = ["period", "block", "arm", "nights", f"mean {outcome.label}, {outcome.unit}", RANGE]
    return Table(caption="The mean of every period", header=header, rows=rows)


def beliefs_table(effects: Effects, data: TrialData, prior_sd: float) -> Table:
    """Mean, SD and interval of every effect, before and after the nights."""
    reach = float(ndtri((1 + INTERVAL) / 2)) * prior_sd
    rows = [["before, any arm", number(0.0), number(prior_sd), span(-reach, reach)]]
    rows += [
        [
            f"after, {data.labels[effect.arm]}",
            number(effect.mean),
            number(effect.sd),
            span(effect.low, effect.high),
        ]
        for effect in against_reference(effects, data)
    ]
    header = [f"effect, {effects.outcome.contrast_unit}", "mean", "SD", RANGE]
    return Table(caption="Before and after the nights", header=header, rows=rows)


def predictions_table(predictions: Sequence[Prediction]) -> Table:
    """Every feature of the nights as observed and as predicted."""
    rows = [
        [
            row.name,
            number(row.observed),
            span(row.low, row.high),
            "yes" if row.inside else "no",
        ]
        for row in predictions
    ]
    header = ["feature of the nights", "observed", f"predicted, {RANGE}", "could the model have made it"]
    return Table(caption="Could the model have made these nights?", header=header, rows=rows)


def doses_table(minutes: Mapping[str, Sequence[float]], data: TrialData) -> Table:
    """Doses by half hours before sleep began, one row per arm."""
    step = 3 * BIN_MIN
    edges = np.arange(0, MOST_MIN + step, step)
    rows = [
        [data.labels[arm], *map(str, np.histogram(np.clip(taken, 0, MOST_MIN - 1), edges)[0])]
        for arm, taken in minutes.items()
    ]
    header = ["arm", *(f"{low} to {low + step - 1} min" for low in edges[:-1])]
    return Table(caption="Doses by minutes before sleep began", header=header, rows=rows)


def agreement_table(agreement: Agreement, outcome: Outcome) -> Table:
    """Bias, spread and limits of agreement of two devices."""
    rows = [
        [
            *(f"{agreement.second} minus {agreement.first}", str(len(agreement.differences))),
            *(number(agreement.bias), number(agreement.sd), span(agreement.low, agreement.high)),
        ]
    ]
    header = [f"{outcome.label}, {outcome.unit}", "nights", "mean", "SD", "limits of agreement"]
    return Table(caption="Two devices on the same nights", header=header, rows=rows)
