from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from pretend import pretend_trial

from n1trial.analysis.certainty import lowered
from n1trial.analysis.contrasts import contrast_draws
from n1trial.analysis.effects import estimate_effects
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES
from n1trial.design.verdict import Chances, Problem
from n1trial.inference.convergence import Diagnostics
from n1trial.inference.fit import Fit

SLEEP = OUTCOMES["tst_min"]


def posterior(*columns, seed=0):
    draws = np.stack([np.asarray(column, dtype=float).reshape(4, 1000) for column in columns], axis=-1)
    return xr.Dataset(
        {"effect": (("chain", "draw", "contrast"), draws)}, {"contrast": ["glycine", "magnesium"]}
    )


def made_fit(glycine, magnesium, outcome=SLEEP, **changes):
    rng = np.random.default_rng(1)
    fit = Fit(
        outcome=outcome,
        model="duration",
        assumes="",
        formula="",
        priors={},
        prior_sd=20.0,
        posterior=posterior(rng.normal(*glycine, 4000), rng.normal(*magnesium, 4000)),
        diagnostics=Diagnostics(
            chains=4,
            draws=1000,
            max_r_hat=1.0,
            min_ess_bulk=2000,
            min_ess_tail=2000,
            divergences=0,
            min_bfmi=1.0,
        ),
        nights=126,
        data_sha256="",
        seed=1,
    )
    return replace(fit, **changes)


def test_every_arm_is_compared_with_the_reference_and_further_contrasts_follow():
    data = pretend_trial(further_contrasts=(Contrast("magnesium", "glycine"),))
    effects = estimate_effects(made_fit((10, 5), (30, 5)), data)
    means = {str(effect.contrast): effect.mean for effect in effects.contrasts}
    assert means == pytest.approx(
        {"glycine vs none": 10, "magnesium vs none": 30, "magnesium vs glycine": 20}, abs=0.5
    )


def test_fewer_wake_episodes_are_a_gain():
    data = pretend_trial(outcome=OUTCOMES["wake_episodes"], level=3, counts=True)
    fit = made_fit((-1.0, 0.2), (1.0, 0.2), outcome=OUTCOMES["wake_episodes"], prior_sd=0.6)
    less, more = estimate_effects(fit, data).contrasts
    assert (less.verdict, more.verdict) == ("worth it", "worse")
    assert less.mean < 0 < less.p_better


def test_percent_contrasts_between_arms_are_ratios_not_differences():
    percent = OUTCOMES["wake_episodes_all"]
    data = pretend_trial(outcome=percent)
    draws = contrast_draws(
        posterior(np.full(4000, -50.0), np.full(4000, -75.0)), data, percent, Contrast("magnesium", "glycine")
    )
    assert draws == pytest.approx(np.full(4000, -50.0))  # a quarter is half of a half


def test_problems_forbid_every_verdict():
    effects = estimate_effects(made_fit((30, 5), (30, 5), problems=("the chains disagree",)), pretend_trial())
    assert {effect.verdict for effect in effects.contrasts} == {"no verdict"}
    assert effects.problems == (Problem("sampler", "the chains disagree"),)


def test_one_period_an_arm_gives_no_verdict():
    effects = estimate_effects(made_fit((30, 5), (30, 5)), pretend_trial(blocks=1, period_nights=42))
    assert {effect.verdict for effect in effects.contrasts} == {"no verdict"}
    assert "a verdict needs 2 of every arm" in str(effects.problems[0])


def test_certainty_falls_a_step_for_each_reason():
    blind = estimate_effects(made_fit((30, 5), (0, 5)), pretend_trial(blinded=True)).contrasts[0]
    peeked = estimate_effects(made_fit((30, 5), (0, 5)), pretend_trial(peeked=True)).contrasts[0]
    assert (blind.certainty, blind.reasons) == ("high", ())
    assert peeked.certainty == "low"
    assert peeked.reasons == ("you knew what you were taking", "you looked before the end")
    assert lowered("high", 9) == "very low"


def test_a_sceptic_who_reads_otherwise_lowers_certainty():
    sceptical = {"sceptical": posterior(np.full(4000, 5.0), np.full(4000, 0.0))}
    effect = estimate_effects(
        made_fit((30, 5), (0, 5), variants=sceptical), pretend_trial(blinded=True)
    ).contrasts[0]
    assert effect.certainty == "moderate"
    assert "expected smaller effects" in effect.reasons[0]


def test_the_table_has_the_columns_of_effects_csv():
    table = estimate_effects(made_fit((10, 5), (30, 5)), pretend_trial()).table
    assert ",".join(table.columns) == (
        "outcome,contrast,mean,sd,low,high,ci_prob,p_better,p_worthwhile,p_equivalent,p_worse,verdict,certainty"
    )


def test_an_undecided_effect_says_what_would_settle_it():
    effect = estimate_effects(made_fit((20, 13), (0, 13)), pretend_trial()).contrasts[0]
    assert effect.verdict == "can't tell yet"
    assert effect.settle_nights > 126


def test_chances_count_draws():
    chances = Chances.of(np.array([-20.0, -1.0, 1.0, 20.0]), mid=15)
    assert (chances.better, chances.worthwhile, chances.equivalent, chances.much_worse) == (
        0.5,
        0.25,
        0.5,
        0.25,
    )
