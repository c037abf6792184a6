"""Do nights that the model makes up look like those recorded? The posterior predictive battery.

For every statistic the share of made-up trials with a larger value, half of the ties counted: near 0 or 1 the
model does not reproduce this feature of the nights. Each made-up trial has the periods, blocks and weekdays of its
draw and new chance. Gelman, Meng & Stern (1996), Statistica Sinica 6:733.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from n1trial.analysis.checks import Case, CheckResult, Findings, Quantity
from n1trial.data.left_out import LeftOut
from n1trial.inference.models import model_named
from n1trial.system.arrays import Array
from n1trial.system.random_streams import stream

NAME = "posterior predictive"
TRIALS = 500
SEED = 20_151
# Outside this share the model does not reproduce the statistic.
TAIL = 0.01


def applies(case: Case) -> bool:
    """A fit of nights in periods, so that there is something within and something between."""
    if case.fit is None:
        return False
    nights = case.data.analysed(case.outcome)
    return len(nights) > nights["period"].nunique() > 1


def run(case: Case) -> Findings:
    """Every statistic of the recorded nights beside those of the made-up ones."""
    if case.fit is None:
        return Findings(results=())
    made_up, nights = _made_up(case)
    recorded = nights[case.outcome.name].to_numpy(float)[np.newaxis]
    observed, simulated = statistics(recorded, nights, case), statistics(made_up, nights, case)
    rows = []
    for name, statistic in observed.items():
        value, others = float(statistic[0]), simulated[name]
        share = float((others > value).mean() + 0.5 * (others == value).mean())
        low, middle, high = np.quantile(others, (0.025, 0.5, 0.975))
        rows.append((name, value, float(low), float(middle), float(high), share))
    table = pd.DataFrame(rows, columns=["statistic", "recorded", "low", "middle", "high", "share_above"])
    return Findings(
        results=tuple(
            CheckResult(
                check=f"{NAME}, {row.statistic}",
                estimate=row.recorded,
                low=row.low,
                high=row.high,
                quantity=Quantity.NIGHTS,
                p=2 * min(row.share_above, 1 - row.share_above),
                passed=bool(TAIL <= row.share_above <= 1 - TAIL),
                note=f"recorded, and 95 % of {len(made_up)} made-up trials; {row.share_above:.0%} lie above",
            )
            for row in table.itertuples()
        ),
        tables={NAME: table},
    )


def _made_up(case: Case) -> tuple[Array, pd.DataFrame]:
    """Trials [draw, night] made up by the model, and the recorded nights that they stand for."""
    if case.fit is None:
        raise ValueError("no fit")
    posterior = case.fit.posterior
    every = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // TRIALS)
    model = model_named(case.fit.model, case.outcome)
    made_up = model.replicate(
        case.data, case.outcome, posterior.isel(draw=slice(None, None, every)), stream(SEED)
    )
    # Models lay the recorded nights first, run-in included, and then those without a record.
    table = case.data.table
    known = table[table["left_out"].isin([LeftOut.NO, LeftOut.RUN_IN]) & table[case.outcome.name].notna()]
    analysed = (known["left_out"] == LeftOut.NO).to_numpy()
    return made_up[:, : len(known)][:, analysed], known[analysed]


def statistics(values: Array, nights: pd.DataFrame, case: Case) -> Mapping[str, Array]:
    """Statistics [trial] of trials [trial, night]."""
    periods = _means(values, nights["period"].to_numpy())
    _, of_period = np.unique(nights["period"].to_numpy(), return_inverse=True)
    within = values - periods[:, of_period]
    by_name = {
        "SD between periods": periods.std(axis=1, ddof=1),
        "SD within periods": within.std(axis=1),
        "resemblance to the night before": _lag_one(values, nights["day"].to_numpy()),
        "smallest": values.min(axis=1),
        "largest": values.max(axis=1),
    }
    if nights["night"].notna().all():
        weekdays = _means(values, nights["night"].dt.day_of_week.to_numpy())
        by_name["SD between weekdays"] = weekdays.std(axis=1, ddof=1)
    if case.outcome.kind == "count":
        by_name["variance over mean"] = values.var(axis=1) / values.mean(axis=1)
        by_name["share of nights with none"] = (values == 0).mean(axis=1)
    return by_name


def _means(values: Array, codes: npt.NDArray[np.int64]) -> Array:
    """Means [trial, code] of the nights of each code."""
    names, of_code = np.unique(codes, return_inverse=True)
    one_hot = np.eye(len(names))[of_code]
    return values @ (one_hot / one_hot.sum(axis=0))


def _lag_one(values: Array, days: npt.NDArray[np.int64]) -> Array:
    """Correlation [trial] of nights with the night before, where the calendar has no gap between them."""
    follows = np.flatnonzero(np.diff(days) == 1)
    centred = values - values.mean(axis=1, keepdims=True)
    before, after = centred[:, follows], centred[:, follows + 1]
    scale = np.sqrt((before**2).sum(axis=1) * (after**2).sum(axis=1))
    return (before * after).sum(axis=1) / np.where(scale > 0, scale, 1.0)
