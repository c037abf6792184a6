"""Trials made by hand: the report needs no sampler to be looked at."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from n1trial.analysis.checks import CheckResult
from n1trial.analysis.effects import Effects, estimate_effects
from n1trial.data.diary import DONT_KNOW, Diary
from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES, Outcome
from n1trial.inference.convergence import Diagnostics
from n1trial.inference.fit import Fit
from n1trial.report import Material

LABELS = {
    "none": "nothing",
    "glycine": "glycine",
    "magnesium-glycinate": "magnesium glycinate",
    "theanine": "theanine",
    "placebo": "placebo capsule",
}
HOSTILE = "<script>alert(1)</script> $5_ and ^$6 \x01 {{7*7}} \u202e & \"'"


def trial(
    *,
    arms: int = 3,
    outcomes: tuple[str, ...] = ("tst_min", "wake_episodes"),
    blocks: int = 6,
    period_nights: int = 7,
    run_in: int = 7,
    washout: int = 0,
    dated: bool = True,
    labels: dict[str, str] | None = None,
    notes: tuple[str, ...] = (),
    gains: tuple[float, ...] = (),
    seed: int = 5,
) -> TrialData:
    """A trial in permuted blocks with a few missing nights, one of them in a burst."""
    rng = np.random.default_rng(seed)
    names = list(LABELS)[:arms]
    plan = [("none", 0, 0, "run-in")] * run_in
    period = 0
    for block in range(1, blocks + 1):
        for arm in rng.permutation(names):
            period += 1
            plan += [
                (str(arm), block, period, "washout" if night < washout else "")
                for night in range(period_nights)
            ]
    table = pd.DataFrame(plan, columns=["arm", "block", "period", "left_out"])
    nights = len(table)
    table["day"] = np.arange(nights)
    table["night"] = (
        pd.date_range("2026-01-05", periods=nights, unit="s")
        if dated
        else pd.Series(pd.NaT, index=table.index, dtype="datetime64[s]")
    )
    gain = table["arm"].map(dict(zip(names, (0.0, *gains), strict=False))).fillna(0.0)
    sleep = (
        415
        + gain
        + rng.normal(0, 12, table["period"].max() + 1)[table["period"]]
        + 48 * rng.standard_t(6, nights)
    )
    values = {
        "tst_min": sleep.clip(120, 620).round(),
        "wake_episodes": rng.poisson(2.2, nights).astype(float),
        "wake_episodes_all": rng.poisson(28, nights).astype(float),
    }
    for name in dict.fromkeys([*outcomes, "tst_min"]):
        table[name] = values.get(name, pd.Series(rng.normal(40, 9, nights)))
    gone = (rng.random(nights) < 0.04) | (np.abs(table["day"] - nights // 2) < 2)
    gone &= table["left_out"].eq("").to_numpy()
    table.loc[gone, [*dict.fromkeys([*outcomes, "tst_min"])]] = np.nan
    table.loc[gone, "left_out"] = np.where(rng.random(gone.sum()) < 0.5, "no record", "missing: unstaged")
    table["flags"] = ""
    return TrialData(
        table=table,
        arms=tuple(names),
        reference="none",
        labels={name: (labels or LABELS)[name] for name in names},
        further_contrasts=(Contrast("magnesium-glycinate", "glycine"),) if arms > 2 else (),
        outcomes=tuple(OUTCOMES[name] for name in outcomes),
        notes=notes,
        sleep_time="tst_min",
        planned=True,
    )


def posterior(data: TrialData, means: list[float], sd: float, *, seed: int = 11) -> xr.Dataset:
    """Draws of the effects as if sampled: Gaussian, correlated as contrasts with one reference are."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, sd * np.sqrt(0.5), (4, 500, 1))
    effect = np.array(means) + shared + rng.normal(0, sd * np.sqrt(0.5), (4, 500, len(means)))
    return xr.Dataset(
        {
            "effect": (("chain", "draw", "contrast"), effect),
            "sigma": (("chain", "draw"), rng.normal(55, 3, (4, 500))),
        },
        coords={"contrast": list(data.treatments)},
    )


def fit(
    data: TrialData, outcome: Outcome, means: list[float], sd: float, *, problems: tuple[str, ...] = ()
) -> Fit:
    """A fit with these posterior means and this posterior SD."""
    drawn = posterior(data, means, sd)
    if outcome.kind == "count":
        drawn = drawn.drop_vars("sigma")
    return Fit(
        outcome=outcome,
        model="duration" if outcome.kind == "continuous" else "awakenings",
        assumes="Every night is your usual level, plus what the arm adds, plus slow changes, plus chance.",
        formula="nightly value ~ arm + (1 | period) + (1 | block) + weekday + trend",
        priors={"effect of each arm": "Normal(0, 25) min", "scale of nights": "LogNormal(log 60, 0.4) min"},
        prior_sd=25.0 * outcome.mid / 15,
        posterior=drawn,
        variants={"sceptical": posterior(data, [0.75 * mean for mean in means], 0.85 * sd)},
        diagnostics=Diagnostics(
            chains=4,
            draws=1000,
            max_r_hat=1.003,
            min_ess_bulk=1890,
            min_ess_tail=2011,
            divergences=0,
            min_bfmi=0.9,
        ),
        problems=problems,
        nights=len(data.analysed(outcome)),
        seed=7,
        data_sha256=data.sha256,
        versions={"n1trial": "0.1.0", "pymc": "6.0.0"},
    )


def check_results(effects: Effects) -> tuple[CheckResult, ...]:
    """Two companions a contrast, and one that only informs."""
    return tuple(
        line
        for effect in effects.contrasts
        for line in (
            CheckResult(
                check="Period-means block ANOVA",
                contrast=effect.contrast,
                estimate=1.1 * effect.mean,
                low=1.1 * effect.mean - 2.2 * effect.sd,
                high=1.1 * effect.mean + 2.2 * effect.sd,
                p=0.03,
                passed=True,
            ),
            CheckResult(
                check="Randomisation test",
                contrast=effect.contrast,
                estimate=1.05 * effect.mean,
                low=1.05 * effect.mean - 2.5 * effect.sd,
                high=1.05 * effect.mean + 2.5 * effect.sd,
                p=0.04,
                note="46,656 schedules",
            ),
        )
    )


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """All that a report is made of."""

    data: TrialData
    fits: tuple[Fit, ...]
    effects: tuple[Effects, ...]

    def material(self, **more: object) -> Material:
        return Material(
            data=self.data,
            fits=self.fits,
            effects=self.effects,
            checks={each.outcome.name: check_results(each) for each in self.effects},
            facts={"Protocol fingerprint": "4f1d…", "Export": "takeout.zip", "Schedule seed": "00ff…"},
            **more,  # type: ignore[arg-type]
        )


def inputs(means: list[float], sd: float, *, problems: tuple[str, ...] = (), **plan: object) -> Inputs:
    """A whole report's inputs: the primary outcome has these posterior means, the second fewer wakes."""
    made = _inputs(tuple(means), sd, problems, tuple(plan.items()))
    return replace(made, data=replace(made.data, table=made.data.table.copy()))


@cache
def _inputs(
    means: tuple[float, ...], sd: float, problems: tuple[str, ...], plan: tuple[tuple[str, object], ...]
) -> Inputs:
    """The same for all who ask for the same: effects, with the bad nights beside them, take most of a second."""
    data = trial(arms=len(means) + 1, gains=means, **dict(plan))  # type: ignore[arg-type]
    fits, effects = [], []
    for outcome in data.outcomes:
        factor = 1.0 if outcome is data.outcomes[0] else -0.5 * outcome.mid / 15
        one = fit(data, outcome, [factor * mean for mean in means], abs(factor) * sd, problems=problems)
        fits.append(one)
        effects.append(estimate_effects(one, data))
    return Inputs(data=data, fits=tuple(fits), effects=tuple(effects))


def decided(**plan: object) -> Inputs:
    return inputs([13.0, 30.0], 8.0, **plan)


def undecided(**plan: object) -> Inputs:
    return inputs([4.0, 18.0], 13.0, **plan)


def worse(**plan: object) -> Inputs:
    return inputs([-3.0, -28.0], 8.0, **plan)


def no_gain(**plan: object) -> Inputs:
    return inputs([-2.0, 1.0], 6.0, **plan)


def gate_failed(**plan: object) -> Inputs:
    return inputs(
        [13.0, 30.0], 8.0, problems=("the chains disagree (R-hat 1.083, must be below 1.01)",), **plan
    )


def diary(data: TrialData, *, said: str = "slept well") -> Diary:
    """A diary of all nights but every tenth, the dose forgotten now and then."""
    rng = np.random.default_rng(3)
    table = data.table.loc[data.table["day"] % 10 != 9, ["night", "arm"]].reset_index(drop=True)
    nights = len(table)
    return Diary(
        table=pd.DataFrame(
            {
                "night": table["night"],
                "taken": pd.array((rng.random(nights) > 0.03) & (table["arm"] != "none"), dtype="boolean"),
                "taken_at": [f"22:{minute:02d}" for minute in rng.integers(0, 59, nights)],
                "guess": np.where(rng.random(nights) < 0.6, rng.choice(list(data.arms), nights), DONT_KNOW),
                "confidence": rng.integers(0, 10, nights),
                "awakenings": rng.poisson(2, nights),
                "grogginess": rng.integers(0, 5, nights).astype(float),
                "stomach": rng.integers(0, 3, nights).astype(float),
                "side_effects": said,
                "notes": said,
                "caffeine_mg": rng.integers(0, 200, nights).astype(float),
                "ill": np.zeros(nights),
            }
        )
    )


def with_labels(given: Inputs, label: str) -> Inputs:
    """The same with every label and every word of the data replaced."""
    data = replace(given.data, labels=dict.fromkeys(given.data.arms, label), notes=(label,))
    return replace(given, data=data)
