"""Who is in a cohort and what people share: who never changes, whose arm is something else, the weeks of a calendar."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pretend import pretend_trial

from n1trial.cohort import Person, classical_average, gather
from n1trial.cohort.effects import CohortEffect, Summed
from n1trial.cohort.one_stage.stacked_data import stack
from n1trial.design.outcomes import OUTCOMES
from n1trial.report.sentences.people import beside_the_classical, how_people_differ

SLEEP = OUTCOMES["tst_min"]
ARMS = ("none", "glycine")


def people(count, **changes):
    return [
        Person(
            name=f"P{number}",
            data=pretend_trial(arms=ARMS, blocks=4, seed=number, effects={"glycine": 20.0}, **changes),
        )
        for number in range(count)
    ]


def with_table(person, **columns):
    return replace(person, data=replace(person.data, table=person.data.table.assign(**columns)))


def test_who_never_changes_stays_and_counts_as_no_effect():
    varied = people(6)
    still = with_table(Person(name="still", data=pretend_trial(arms=ARMS, blocks=4, seed=50)), tst_min=420.0)
    cohort = gather([*varied, still], "tst_min")
    assert cohort.names[-1] == "still"
    assert not cohort.left_out
    raw, average = classical_average(cohort)
    own = raw.set_index("person")["estimate"]
    assert own["still"] == pytest.approx(0.0, abs=1e-9)
    without, _ = classical_average(gather(varied, "tst_min"))
    assert average["estimate"][0] == pytest.approx(6 / 7 * without["estimate"].mean(), rel=0.1)


def test_whose_arm_goes_with_the_weekday_or_the_device_is_left_out_by_name():
    cohort = people(4)
    weekend = cohort[1].data.table["night"].dt.day_of_week >= 5
    cohort[1] = with_table(cohort[1], arm=np.where(weekend, "glycine", "none"))
    cohort[2] = with_table(
        cohort[2], device=cohort[2].data.table["arm"].map({"none": "ring", "glycine": "watch"})
    )
    gathered = gather(cohort, "tst_min")
    assert gathered.names == ("P0", "P3")
    assert "glycine and the weekday cannot be told apart" in gathered.left_out["P1"]
    assert "glycine and the device cannot be told apart" in gathered.left_out["P2"]
    assert gathered.problems == ()


def test_arms_one_after_the_other_in_one_order_are_a_problem_and_in_two_orders_are_none():
    after = np.repeat(["none", "glycine"], 28)
    one_order = [with_table(each, arm=after) for each in people(6)]
    assert "glycine and the calendar cannot be told apart" in str(gather(one_order, "tst_min").problems[0])
    # In years of their own, too, where no change of the calendar is in two trials.
    years_apart = [
        with_table(each, night=each.data.table["night"] + pd.Timedelta(days=400 * place))
        for place, each in enumerate(one_order)
    ]
    assert "glycine and the calendar cannot be told apart" in str(gather(years_apart, "tst_min").problems[0])
    both = [with_table(each, arm=after[:: 1 - 2 * (place % 2)]) for place, each in enumerate(one_order)]
    assert gather(both, "tst_min").problems == ()


def test_a_week_that_three_people_share_is_one_term_of_all_and_of_two_is_none():
    later = [
        with_table(each, night=each.data.table["night"] + pd.Timedelta(weeks=4 * (place == 3)))
        for place, each in enumerate(people(4))
    ]
    weeks = stack(gather(later, "tst_min")).week.reshape(4, 56)
    assert np.array_equal(np.unique(weeks[0]), np.arange(1, 9))
    assert np.array_equal(weeks[0], weeks[1])
    # The fourth person's first weeks are the others' last ones; afterwards they live alone.
    assert np.array_equal(weeks[3], np.where(np.arange(56) < 28, np.roll(weeks[0], -28), 0))
    assert set(stack(gather(people(2), "tst_min")).week) == {0}


@pytest.mark.parametrize(
    ("estimate", "tau", "words"),
    [
        (20.0, 8.0, ""),
        (27.0, 8.0, ""),
        (
            28.0,
            8.0,
            "The classical average, which knows no prior, is 28 min longer, and its SD between people 8",
        ),
        (-2.0, 0.0, "The classical average, which knows no prior, is 2 min shorter"),
        (20.0, 16.0, "its SD between people 16"),
    ],
)
def test_a_classical_average_that_differs_is_reported(estimate, tau, words):
    sentence = beside_the_classical(of_many(), estimate=estimate, tau=tau).replace("\xa0", " ")
    assert words in sentence
    assert bool(words) == bool(sentence)


@pytest.mark.parametrize(
    ("gainers", "words"), [(0, "Hardly any of these 4 have"), (1, "About 1 of these 4 has")]
)
def test_one_person_has_a_gain_and_several_have_one(gainers, words):
    assert words in how_people_differ(of_many(gainers=gainers / 4))


def of_many(*, gainers: float = 0.5) -> CohortEffect:
    some = Summed(mean=20.0, sd=5.0, low=10.0, high=30.0)
    return CohortEffect(
        outcome=SLEEP,
        arm="glycine",
        comparator="none",
        average=some,
        spread=replace(some, mean=8.0, low=1.0, high=15.0),
        gainers=Summed(mean=gainers, sd=0.1, low=0.0, high=1.0),
        next=some,
        next_better=0.9,
        next_worthwhile=0.6,
        people=pd.DataFrame(index=range(4)),
        p_better=1.0,
        p_worthwhile=0.8,
        p_equivalent=0.2,
        p_worse=0.0,
        verdict="worth it",
        average_draws=np.zeros(1),
        spread_draws=np.zeros(1),
    )
