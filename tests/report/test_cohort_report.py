"""The page of many people: what it shows, what it must not show, and how large it gets."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from people import SLEEP, WAKES, pretend_people
from test_two_stage import FINE

from n1trial.cohort import CohortFit, classical_average, estimate_cohort, gather, spread_sensitivity
from n1trial.report.content.cohort_inputs import material_of_nights
from n1trial.report.deidentify.cohort import shared_cohort
from n1trial.report.render.cohort_report import _signed, cohort_lines, render_cohort


def material(people, outcome=SLEEP, *, problems=(), further=None, **changes):
    """A report's material from draws made by hand: glycine adds about 5, magnesium 30 (or takes wakes)."""
    cohort = gather(people, outcome.name, **changes)
    rng, count = np.random.default_rng(1), len(cohort.people)
    size, unit = (4, 100), 1.0 if outcome.kind == "continuous" else -0.01
    average = unit * (np.array([5.0, 30.0]) + 3.0 * rng.standard_normal((*size, 2)))
    effect = average[..., None, :] + unit * 6.0 * rng.standard_normal((*size, count, 2))
    posterior = xr.Dataset(
        {
            "average": (("chain", "draw", "contrast"), average),
            "spread": (
                ("chain", "draw", "contrast"),
                abs(unit) * np.abs(8 + rng.standard_normal((*size, 2))),
            ),
            "effect": (("chain", "draw", "person", "contrast"), effect),
            "level": (("chain", "draw", "person"), np.full((*size, count), 1.1)),
            "level_of_all": (("chain", "draw"), np.full(size, 1.1)),
            "level_sd": (("chain", "draw"), np.full(size, 0.2)),
        }
    )
    fit = CohortFit(
        cohort=cohort,
        model="m",
        assumes="Each person is compared with themselves.",
        formula="y ~ arm",
        priors={"average effect of each arm": "Normal(0, 20) min"},
        prior_sd=20.0 * abs(unit),
        spread_prior=15.0 * abs(unit),
        posterior=posterior.assign(further or {}),
        diagnostics=FINE,
        problems=problems,
        seed=1,
    )
    effects = estimate_cohort(fit)
    raw, companion = classical_average(cohort)
    spread = posterior["spread"].to_numpy().reshape(-1, 2)
    return material_of_nights(
        fit,
        effects,
        raw=raw,
        companion=companion,
        sensitivity=spread_sensitivity(effects, spread, scale=fit.spread_prior),
        facts={},
    )


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.replace("\xa0", " ")))


def test_the_answer_stands_first_with_its_verdict_people_and_the_next_one():
    page = render_cohort(material(pretend_people(8, blocks=2)))
    said = words(page)
    assert "On average, magnesium is worth having: 30 min longer (95 % interval" in said
    assert "Nearly all of these 8 have a gain worth having, at least 15 min longer" in said
    assert "Of 100 people like these about" in said
    assert "REML with Hartung-Knapp" in said
    assert said.index("On average, magnesium") < said.index("Methods")


def test_a_failed_gate_shows_the_problem_and_no_number_of_the_draws():
    made = material(pretend_people(8, blocks=2), problems=("the chains disagree",))
    page = render_cohort(made)
    assert "the chains disagree" in page
    assert "<svg" not in page
    for text in (
        words(page),
        " ".join(cohort_lines(made.effects, made.cohort.labels, made.cohort.reference, made.companion)),
    ):
        assert "30 min" not in text
        assert "worth having:" not in text


def test_fewer_wakes_are_a_gain():
    page = render_cohort(material(pretend_people(8, outcome=WAKES, blocks=2), WAKES))
    assert "fewer wake episodes a night" in words(page)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a&b\x07", '"><img src=x>'])
def test_names_are_shown_as_they_are_written(name):
    people = pretend_people(6, blocks=2)
    page = render_cohort(material([replace(people[0], name=name), *people[1:]]))
    assert "<script" not in page
    assert "<img" not in page
    assert "\x07" not in page


def test_nothing_is_asked_of_the_network_and_nothing_runs():
    page = render_cohort(material(pretend_people(6, blocks=2)))
    assert "default-src 'none'" in page
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", page)


def test_an_arm_that_somebody_did_not_try_has_no_estimate_of_their_own():
    people = pretend_people(6, blocks=2)
    table = people[0].data.table
    without = table.assign(left_out=np.where(table["arm"] == "glycine", "no record", ""))
    made = material([replace(people[0], data=replace(people[0].data, table=without)), *people[1:]])
    row = re.search(r'<th scope="row">person 1</th>(.*?)</tr>', render_cohort(made))
    assert "<td>–</td>" in row[1]


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_many_people_are_one_page_below_half_a_megabyte(count):
    page = render_cohort(material(pretend_people(count, blocks=2)))
    assert f"60 of {count} people are shown" in page
    assert len(page.encode()) < 500_000


def test_properties_that_change_the_effects_are_named():
    people = pretend_people(6, blocks=2)
    ages = pd.DataFrame({"age": np.arange(30.0, 36.0)}, index=[person.name for person in people])
    modified = xr.DataArray(
        np.full((4, 100, 1, 2), 2.5),
        dims=("chain", "draw", "modifier", "contrast"),
        coords={"modifier": ["age"], "contrast": ["glycine", "magnesium"]},
    )
    made = material(people, modifiers=ages, further={"modified": modified})
    assert "2.5 to 2.5" in words(render_cohort(made))


def test_a_shared_report_of_people_holds_nobodys_name_and_all_their_numbers():
    people = [
        replace(each, name=f"Zoë-{number} Quast") for number, each in enumerate(pretend_people(8, blocks=2))
    ]
    made = replace(
        material(people), title="The Quasts", facts={"table": "quast.csv", "seed": "7", "draws": "400"}
    )
    own, shared = render_cohort(made), render_cohort(shared_cohort(made))
    assert "Quast" in own
    assert "Quast" not in shared
    assert "quast.csv" not in shared
    assert not re.search(r"<dt>seed</dt>", shared)
    assert {f"person {number}" for number in range(1, 9)} <= {*re.findall(r"person \d+", shared)}
    assert shared.count("<tr>") == own.count("<tr>")


def test_people_stand_in_the_table_in_the_order_of_the_picture():
    page = render_cohort(material(pretend_people(8, blocks=2)))
    table = page[page.index("magnesium: each person".capitalize()) :].split("</table>")[0]
    means = [
        float(cells[3].replace("−", "-"))
        for row in table.split("<tr>")[2:]
        if (cells := re.findall(r"<td>(.*?)</td>", row))
    ]
    assert len(means) == 8
    assert means == sorted(means)


def test_a_change_that_rounds_to_nothing_has_no_sign():
    assert [_signed(SLEEP, value) for value in (-0.3, 0.3, 0.0, -0.6, 1.2)] == ["0", "0", "0", "−1", "+1"]
    assert _signed(WAKES, -0.04) == "0.0"
