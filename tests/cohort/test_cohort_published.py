"""Published sleep of many people, analysed as a cohort, beside the random-effects average by REML.

Cushny & Peebles (1905), J. Physiol. 32:501, doi:10.1113/jphysiol.1905.sp001097: mean hours of sleep of eleven
patients on three hypnotics and without, and on how many nights each mean rests. Student (1908),
doi:10.1093/biomet/6.1.1, took from it, for ten of them, the hours that two of the drugs add; what he called extra
hours are these differences.
"""

import pandas as pd
import pytest

from n1trial.cohort import Person, classical_average, estimate_cohort, fit_cohort, gather
from n1trial.data.read_table import read_people

pytestmark = pytest.mark.slow

ARMS = ("control", "L-hyoscyamine", "L-hyoscine", "DL-hyoscine")
HOURS = (
    *((0.6, 1.3, 2.5, 2.1), (3, 1.4, 3.8, 4.4), (4.7, 4.5, 5.8, 4.7), (5.5, 4.3, 5.6, 4.8)),
    *((6.2, 6.1, 6.1, 6.7), (3.2, 6.6, 7.6, 8.3), (2.5, 6.2, 8, 8.2), (2.8, 3.6, 4.4, 4.3)),
    *((1.1, 1.1, 5.7, 5.8), (2.9, 4.9, 6.3, 6.4), (None, 6.3, 6.8, 7.3)),
)
NIGHTS = (
    *((9, 6, 6, 6), (9, 6, 6, 6), (8, 6, 6, 6), (9, 3, 3, 3), (9, 3, 3, 3), (8, 4, 3, 3)),
    *((8, 3, 3, 3), (7, 6, 6, 5), (8, 5, 6, 5), (9, 5, 5, 6), (0, 2, 2, 2)),
)
# Hypnotics add hours, where the priors expect minutes.
WIDTH = 10.0
# As they stand in n1trial/cohort/README.md: mean and ends in hours, of the model and of REML with Hartung-Knapp.
IN_README = {
    "L-hyoscyamine vs control": ((0.63, -0.52, 1.81), (0.65, -0.57, 1.88)),
    "L-hyoscine vs control": ((2.14, 0.93, 3.37), (2.28, 0.94, 3.62)),
    "DL-hyoscine vs control": ((2.12, 0.80, 3.45), (2.23, 0.72, 3.75)),
    "L-hyoscine vs L-hyoscyamine": ((1.52, 0.53, 2.58), (1.48, 0.67, 2.30)),
}


def cohort(tmp_path, arms, *, reference):
    rows = [
        {
            "patient": f"patient {number}",
            "drug": arm,
            "sleep_min": 60 * hours[position],
            "n": nights[position],
        }
        for number, (hours, nights) in enumerate(zip(HOURS, NIGHTS, strict=True), start=1)
        for position, arm in enumerate(ARMS)
        if arm in arms and hours[position] is not None
    ]
    table = tmp_path / "means.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    people, _ = read_people(
        table, person="patient", arm="drug", reference=reference, outcome="sleep_min", mid=15.0, rests_on="n"
    )
    return gather([Person(name=name, data=data) for name, data in people.items()], "sleep_min")


def beside(gathered):
    """Average of the model and of REML by contrast, in hours."""
    # The ends of an interval are known to a twentieth of an hour.
    fit = fit_cohort(gathered, seed=1, draws=8000, prior_width=WIDTH)
    assert fit.problems == ()
    _, averages = classical_average(gathered)
    effects = estimate_cohort(fit)
    rows = {
        str(effect.contrast): (effect.average, row)
        for effect, row in zip(effects.contrasts, averages.itertuples(), strict=True)
    }
    for contrast, (ours, theirs) in rows.items():
        by_model, by_reml = IN_README[contrast]
        assert (ours.mean / 60, ours.low / 60, ours.high / 60) == pytest.approx(by_model, abs=0.12)
        assert (theirs.estimate / 60, theirs.low / 60, theirs.high / 60) == pytest.approx(by_reml, abs=0.006)
        print(
            f"\n{contrast}: {ours.mean / 60:.2f} h ({ours.low / 60:.2f} to {ours.high / 60:.2f}); REML, Hartung-Knapp"
            f" {theirs.estimate / 60:.2f} h ({theirs.low / 60:.2f} to {theirs.high / 60:.2f})"
        )
    return rows


def test_cushny_and_peebles_by_the_model_and_by_reml(tmp_path, capsys):
    gathered = cohort(tmp_path, ARMS, reference="control")
    # The eleventh has no night without a drug, and still tells of the drugs against each other.
    assert len(gathered.people) == 11
    assert gathered.nights.loc["patient 11", "control"] == 0
    with capsys.disabled():
        rows = beside(gathered)
    for ours, theirs in rows.values():
        assert theirs.low < ours.mean < theirs.high
        assert ours.low < theirs.estimate < ours.high
    hours = {name: theirs.estimate / 60 for name, (_, theirs) in rows.items()}
    # Unweighted means of the ten as published: .75 and 2.33 h; weighed by nights they move a little.
    assert hours["L-hyoscyamine vs control"] == pytest.approx(0.75, abs=0.25)
    assert hours["L-hyoscine vs control"] == pytest.approx(2.33, abs=0.25)


def test_student_compared_two_of_the_drugs(tmp_path, capsys):
    gathered = cohort(tmp_path, ARMS[1:3], reference="L-hyoscyamine")
    with capsys.disabled():
        (ours, theirs) = beside(gathered)["L-hyoscine vs L-hyoscyamine"]
    assert theirs.low < ours.mean < theirs.high
    assert ours.mean / 60 == pytest.approx(1.58, abs=0.5)
