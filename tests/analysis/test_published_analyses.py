"""Published trials, each from its table as it stands, by the fast engine and by a method that shares nothing with it.

Every figure of the table in n1trial/inference/README.md is measured here. Trials of hypnotics have effects of hours and
of points, where the priors expect a supplement's: their tables are read with `prior_width=10`.

* Magnesium citrate: gwern.net/Zeo, 207 nights, pairs of weeks drawn by lot.
* Sleeping pills: Onghena (2020), doi:10.4324/9780429273872-8, an example of 14 days.
* Melatonin: Meng (2026), doi:10.32614/CRAN.package.nof1kit, MIT, 71 days of mood, by lot every night.
* Student (1908), doi:10.1093/biomet/6.1.1; Cushny & Peebles (1905), doi:10.1113/jphysiol.1905.sp001097: hours of sleep.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from paths import SHARED, SHOWN_RIGHT
from scipy import stats
from test_cohort_published import HOURS

from n1trial.data.read_table import read_table
from n1trial.data.trial_data import TrialData
from n1trial.design.verdict import INTERVAL
from n1trial.inference.inla import fast_fit, fit_counts

MAGNESIUM = SHARED / "data" / "published" / "gwern_mg_citrate_blocks_2013_2014.csv"
PILLS, COMPLAINTS = "ECECCECEECCEEC", (6, 5, 7, 4, 5, 6, 5, 7, 4, 5, 4, 6, 7, 6)
FIRST, SECOND = (
    (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0),
    (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4),
)
MELATONIN = "ccmcmmcmccmcmmcmmccmccmcmcmccmmcmcmmcmmcmcmmmcmccmmccmmccmcmmccmmccmmcc"
MOOD = (
    *(60, 70.67, 81.33, 66.67, 65, 68.33, 61.67, 75, 80, 85, 66, 68.33, 73.33, 75, 79.33, 77.67, 82, 84.67),
    *(80, 74.33, 73.33, 79.33, 73.33, 72.67, 74.5, 75, 75.67, 69.33, 75.67, 77.5, 80.33, 72, 81.33, 67, 79),
    *(75.33, 79, 76.33, 75.33, 75, 79.67, 86.5, 80.67, 78.67, 83.5, 81.17, 81, 80, 80.33, 81.67, 80, 78),
    *(
        80.33,
        79.33,
        81,
        80.33,
        81.67,
        81.5,
        82.33,
        82,
        82,
        79.67,
        79.5,
        79.5,
        78,
        81.1,
        81,
        81,
        81,
        81.83,
        75,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An estimate, its 95 % interval, and p where there is one."""

    estimate: float
    low: float
    high: float
    p: float | None = None

    def __str__(self) -> str:
        text = f"{self.estimate:.2f} ({self.low:.2f} to {self.high:.2f})"
        return text.replace("-", "−") if self.p is None else f"{text.replace('-', '−')}, p {self.p:.3f}"


def by_us(data: TrialData) -> Answer:
    outcome, (arm,) = data.outcomes[0], data.treatments
    if outcome.kind == "count":
        effect = fit_counts(data, outcome).contrast(arm, data.reference, scale=outcome.scale)
    else:
        effect = fast_fit(data, outcome).contrast(arm, data.reference)
    low, high = effect.interval(INTERVAL)
    return Answer(estimate=effect.mean, low=low, high=high)


def by_t(differences, *, unit=1.0) -> Answer:
    test = stats.ttest_1samp(differences, 0.0)
    interval = test.confidence_interval(INTERVAL)
    return Answer(
        estimate=unit * float(np.mean(differences)),
        low=unit * interval.low,
        high=unit * interval.high,
        p=test.pvalue,
    )


def magnesium(outcome: str, **columns) -> tuple[TrialData, pd.DataFrame]:
    if not MAGNESIUM.is_file():
        pytest.skip("published data lie beside the repository")
    named = {"arm": "mg", "reference": "0", "night": "date", "block": "pair", "period": "period"} | columns
    return read_table(MAGNESIUM, outcome=outcome, **named), pd.read_csv(MAGNESIUM)


def magnesium_and_sleep(tmp_path):
    """Pair differences of period means of the 15 whole pairs, by the t test."""
    data, nights = magnesium("total_z_min")
    means = nights.pivot_table("total_z_min", index="pair", columns="mg").dropna()
    return data, by_t(means[1].to_numpy() - means[0].to_numpy())


def magnesium_and_awakenings(tmp_path):
    """Quasi-Poisson regression with an effect of every pair, its rate ratio at the mean of nights without."""
    data, nights = magnesium("awakenings", kind="count")
    whole = nights[nights.groupby("pair")["mg"].transform("nunique") == 2]
    pairs = pd.get_dummies(whole["pair"], dtype=float)
    fitted = sm.GLM(whole["awakenings"], pairs.assign(mg=whole["mg"]), family=sm.families.Poisson()).fit(
        scale="X2"
    )
    usual = whole.loc[whole["mg"] == 0, "awakenings"].mean()
    low, high = fitted.conf_int(1 - INTERVAL).loc["mg"]
    change = [usual * np.expm1(log) for log in (fitted.params["mg"], low, high)]
    return data, Answer(estimate=change[0], low=change[1], high=change[2], p=fitted.pvalues["mg"])


def sleeping_pills(tmp_path):
    """All 3,432 orders by SciPy's permutation test, the interval of Student's t."""
    table = tmp_path / "pills.csv"
    rows = zip(range(1, 15), PILLS, COMPLAINTS, strict=True)
    pd.DataFrame(rows, columns=["day", "treatment", "sever_compl"]).to_csv(table, index=False)
    data = read_table(
        table,
        arm="treatment",
        reference="C",
        outcome="sever_compl",
        better="lower",
        drawn="coin",
        prior_width=10,
    )
    by_arm = [[score for arm, score in zip(PILLS, COMPLAINTS, strict=True) if arm == name] for name in "EC"]
    swapped = stats.permutation_test(by_arm, lambda on, off: np.mean(on) - np.mean(off), n_resamples=10_000)
    interval = stats.ttest_ind(*by_arm).confidence_interval(INTERVAL)
    return data, Answer(estimate=swapped.statistic, low=interval.low, high=interval.high, p=swapped.pvalue)


def melatonin_and_mood(tmp_path):
    """Generalised least squares with a trend and correlated neighbours."""
    table = tmp_path / "melatonin.csv"
    lines = ["datetime,date,mood,condition,mood_daily_mean"]
    for number, (arm, mood) in enumerate(zip(MELATONIN, MOOD, strict=True)):
        day = date(2026, 2, 18) + timedelta(number)
        condition = {"c": "control", "m": "melatonin"}[arm]
        # The file has a row for every answer of a day, and the day's mean in the last of them.
        lines += [f"{day} 10:00:00,{day},,{condition},", f"{day} 22:00:00,{day},,{condition},{mood}"]
    table.write_text("\n".join(lines) + "\n")
    data = read_table(
        table, arm="condition", reference="control", outcome="mood_daily_mean", night="date", drawn="coin"
    )
    on_arm = np.array([float(arm == "m") for arm in MELATONIN])
    columns = np.column_stack([np.ones(len(MOOD)), on_arm, np.linspace(-0.5, 0.5, len(MOOD))])
    fitted = sm.GLSAR(np.array(MOOD), columns, rho=1).iterative_fit(maxiter=20)
    low, high = fitted.conf_int(1 - INTERVAL)[1]
    return data, Answer(estimate=fitted.params[1], low=low, high=high, p=fitted.pvalues[1])


def students_sleep(tmp_path):
    """The paired t test, as Student had it."""
    table = tmp_path / "student_sleep.csv"
    rows = [
        {"extra": hours, "group": group, "ID": patient}
        for group, of_group in ((1, FIRST), (2, SECOND))
        for patient, hours in enumerate(of_group, start=1)
    ]
    pd.DataFrame(rows).to_csv(table, index_label="rownames")
    data = read_table(
        table, arm="group", reference="1", outcome="extra", block="ID", unit="h", drawn="none", prior_width=10
    )
    return data, by_t(np.subtract(SECOND, FIRST))


def hyoscine_and_sleep(tmp_path):
    """The paired t test of the ten patients with control nights."""
    table = tmp_path / "hyoscine.csv"
    rows = [
        {"patient": patient, "drug": drug, "sleep_h": hours[place]}
        for patient, hours in enumerate(HOURS[:10], start=1)
        for place, drug in ((0, "control"), (2, "L-hyoscine"))
    ]
    pd.DataFrame(rows).to_csv(table, index=False)
    data = read_table(
        table,
        arm="drug",
        reference="control",
        outcome="sleep_h",
        block="patient",
        drawn="none",
        prior_width=10,
    )
    return data, by_t([hours[2] - hours[0] for hours in HOURS[:10]])


ANALYSES = (
    magnesium_and_sleep,
    magnesium_and_awakenings,
    sleeping_pills,
    melatonin_and_mood,
    students_sleep,
    hyoscine_and_sleep,
)


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda analysis: analysis.__name__)
def test_a_published_trial_has_the_answer_of_another_method_too(tmp_path, analysis):
    data, theirs = analysis(tmp_path)
    ours = by_us(data)
    print(f"\n{analysis.__name__}: | {ours} | {theirs} |")
    assert theirs.low < ours.estimate < theirs.high
    assert ours.low < theirs.estimate < ours.high
    assert 0.6 < (ours.high - ours.low) / (theirs.high - theirs.low) < 1.5
    # The other method to its last digit; ours as near as a prior that is chosen anew may move it.
    row = next(
        line for line in SHOWN_RIGHT.read_text(encoding="utf-8").splitlines() if f"| {theirs} |" in line
    )
    kept = [float(number) for number in re.findall(r"-?\d+\.\d+", row.split("|")[3].replace("−", "-"))]
    near = 0.1 * (theirs.high - theirs.low) / 2
    assert kept == pytest.approx([ours.estimate, ours.low, ours.high], abs=near)
