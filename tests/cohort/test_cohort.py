"""Many people: who can be put together, what the model sees of them, and what it says."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from people import SLEEP, WAKES, pretend_people, simulated_cohort
from pretend import pretend_trial

from n1trial.cohort import Person, classical_average, estimate_cohort, fit_cohort, gather
from n1trial.cohort.one_stage import sleep_time_model, wake_count_model
from n1trial.cohort.one_stage.fit import KEPT, NOISE
from n1trial.cohort.one_stage.stacked_data import stack
from n1trial.design.outcomes import OUTCOMES
from n1trial.errors import CohortError
from n1trial.inference.night_process import FIRST_NIGHT_GAP


def with_table(person, **columns):
    return replace(person, data=replace(person.data, table=person.data.table.assign(**columns)))


def with_fields(person, **fields):
    return replace(person, data=replace(person.data, **fields))


def test_one_person_twice_is_refused_by_name():
    one, two = pretend_people(2)
    with pytest.raises(CohortError, match="person 1: given twice"):
        gather([one, two, one], "tst_min")
    with pytest.raises(CohortError, match=r"person 1 and copy: 126 nights .* one person twice"):
        gather([one, two, replace(one, name="copy")], "tst_min")


def test_one_person_is_no_cohort():
    with pytest.raises(CohortError, match="needs 2"):
        gather(pretend_people(1), "tst_min")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"outcomes": (replace(SLEEP, mid=20.0),)},
            "mid is 15.0 for person 1 and 20.0 for person 2: give --mid",
        ),
        ({"outcomes": (replace(SLEEP, unit="h"),)}, "unit is min for person 1 and h for person 2"),
        ({"outcomes": (WAKES,)}, r"person 2: no outcome 'tst_min' \(it has wake_episodes\)"),
        ({"doses": {"glycine": (1.5, 0.0)}}, "glycine: 3 g glycine .* person 1 and 1.5 g .* person 2"),
        ({"sealed": True}, "person 2: the arms are still hidden"),
        ({"reference": "glycine"}, "reference: .* must be compared with one and the same"),
    ],
)
def test_what_must_be_the_same_for_everybody_is_named_where_it_differs(other, message):
    one, two = pretend_people(2)
    with pytest.raises(CohortError, match=message):
        gather([with_fields(one, doses={"glycine": (3.0, 0.0)}), with_fields(two, **other)], "tst_min")


def test_one_mid_for_everybody_settles_that_trials_differ_in_theirs():
    one, two = pretend_people(2)
    other = with_fields(two, outcomes=(replace(SLEEP, mid=20.0),))
    assert gather([one, other], "tst_min", mid=10.0).outcome.mid == 10.0


@pytest.mark.parametrize("mid", [0.0, -5.0, float("nan")])
def test_a_smallest_worthwhile_effect_is_above_nothing(mid):
    with pytest.raises(CohortError, match="above 0"):
        gather(pretend_people(2), "tst_min", mid=mid)


def test_minutes_awake_may_differ_tenfold_between_people():
    awake = OUTCOMES["waso_min"]
    people = [
        Person(name=name, data=pretend_trial(outcome=awake, level=level, sd=level / 4, seed=seed))
        for seed, (name, level) in enumerate({"calm": 2.0, "usual": 30.0, "other": 35.0}.items())
    ]
    assert gather(people, "waso_min").names == ("calm", "usual", "other")


def test_hours_among_minutes_are_refused():
    one, two, three = pretend_people(3)
    hours = with_table(three, tst_min=three.data.table["tst_min"] / 60)
    message = r"person 3: the median of tst_min is 6\.9.*, of the others 4.*one unit"
    with pytest.raises(CohortError, match=message):
        gather([one, two, hours], "tst_min")


def test_a_person_with_one_arm_or_no_night_is_left_out_by_name():
    one, two, three, four = pretend_people(4)
    only = with_table(three, left_out=np.where(three.data.table["arm"] == "none", "", "no record"))
    nothing = with_table(four, tst_min=np.nan)
    gathered = gather([one, two, only, nothing], "tst_min")
    assert gathered.names == ("person 1", "person 2")
    assert gathered.left_out == {
        "person 3": "only nights on none, so nothing to compare",
        "person 4": "no analysed night, so nothing to compare",
    }


def test_devices_may_differ_and_are_named():
    one, two = pretend_people(2)
    (note,) = gather([with_table(one, device="fitbit"), with_table(two, device="oura")], "tst_min").notes
    assert "fitbit: person 1; oura: person 2" in note


def test_modifiers_are_centred_and_must_be_there_for_everybody():
    people = pretend_people(4)
    ages = pd.DataFrame(
        {"age": [30.0, 40.0, 50.0, 60.0], "sex": ["f", "m", "f", "f"]},
        index=[person.name for person in people],
    )
    modifiers = gather(people, "tst_min", modifiers=ages).modifiers
    assert list(modifiers.columns) == ["age", "sex: m against f"]
    assert modifiers.to_numpy().mean(axis=0) == pytest.approx([0.0, 0.0])
    assert modifiers["age"].std() == pytest.approx(1.0)
    with pytest.raises(CohortError, match="person 4: has no row"):
        gather(people, "tst_min", modifiers=ages.iloc[:3])
    with pytest.raises(CohortError, match="sex is empty"):
        gather(people, "tst_min", modifiers=ages.assign(sex=["f", None, "m", "f"]))


def test_no_night_follows_a_night_of_another_person():
    stacked = stack(gather(pretend_people(3, blocks=2), "tst_min"))
    first = np.flatnonzero(np.diff(stacked.person, prepend=-1))
    assert (stacked.distance[first] >= FIRST_NIGHT_GAP).all()
    assert (np.delete(stacked.distance, first) == 1).all()
    assert stacked.period.max() == 3 * 6
    assert stacked.block.max() == 3 * 2
    assert len({*zip(stacked.cell_person, stacked.period, strict=True)}) == 3 * 6


@pytest.mark.parametrize(("outcome", "model"), [(SLEEP, sleep_time_model), (WAKES, wake_count_model)])
def test_models_hold_every_name_that_a_fit_keeps(outcome, model):
    cohort = gather(pretend_people(3, outcome=outcome, blocks=2), outcome.name)
    built = model.build(cohort)
    missing = {*KEPT, *NOISE} - {*built.named_vars}
    assert missing == {"modified", *(("omega",) if model is sleep_time_model else ("sigma", "phi"))}


def test_somebody_without_the_reference_tells_of_the_arms_against_each_other():
    people = pretend_people(2, blocks=2)
    without = pretend_trial(blocks=2, arms=("glycine", "magnesium"), seed=9)
    other = Person(name="without", data=replace(without, arms=("none", *without.arms), reference="none"))
    other = with_fields(other, labels={"none": "none", **without.labels})
    gathered = gather([*people, other], "tst_min")
    assert gathered.nights.loc["without", "none"] == 0
    stacked = stack(gathered)
    theirs = stacked.arm[stacked.cell_person == 2]
    assert theirs.sum(axis=1) == pytest.approx(0.0)
    assert sorted(set(np.round(theirs[:, 0], 12))) == [-0.5, 0.5]


# People who are all alike are the hardest to sample: it takes a minute or two.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("outcome", "model", "held"),
    [
        (
            SLEEP,
            sleep_time_model,
            {"average": np.array([0.0, 40.0]), "spread": np.array([1.0, 1.0]), "period_sd": 1.0},
        ),
        (WAKES, wake_count_model, {"average": np.array([0.0, -0.7]), "spread": np.array([0.01, 0.01])}),
    ],
    ids=["sleep", "wakes"],
)
def test_a_large_average_effect_is_found_and_a_missing_one_is_not(outcome, model, held):
    cohort, truth = simulated_cohort(
        pretend_people(6, outcome=outcome, blocks=3), model, outcome, held=held, seed=2
    )
    fit = fit_cohort(cohort, seed=1)
    assert fit.problems == ()
    posterior, both = fit.posterior["average"], ("chain", "draw")
    away = (posterior.mean(both) - truth["average"]) / posterior.std(both)
    assert (np.abs(away) < 3.5).all()
    effects = estimate_cohort(fit)
    assert effects.contrasts[1].verdict == "worth it"
    assert effects.contrasts[0].verdict != "worth it"
    _, averages = classical_average(cohort)
    assert averages["low"][1] < effects.contrasts[1].average.mean < averages["high"][1]
