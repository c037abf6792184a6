"""Plans of trials whose primary outcome is a count of wakes."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from n1trial.cli import cli
from n1trial.data.nights import COLUMNS, Nights
from n1trial.design.outcomes import OUTCOMES
from n1trial.design.protocol import Protocol, read_protocol
from n1trial.errors import AnalysisError
from n1trial.planning import estimate_night_variability, plan, plan_lines, plan_sentences, read_plan
from n1trial.planning.count_operating_characteristics import counts_at, possible_gains, simulate_count_trials
from n1trial.planning.simulated_nights import draw_schedules
from n1trial.report.render.plan_report import plan_page

TEMPLATE = read_protocol("glycine-vs-magnesium-glycinate")
WAKES, ALL_WAKES = OUTCOMES["wake_episodes"], OUTCOMES["wake_episodes_all"]


def protocol_about(outcome, *, arms=3, blocks=6):
    """The template with this outcome as primary, and its first arms."""
    document = TEMPLATE.model_dump(mode="json")
    document["outcomes"] = [{"name": outcome.name, "primary": True, "mid": outcome.mid}]
    document["arms"] = document["arms"][:arms]
    if arms < 3:
        document["further_contrasts"] = []
    document["design"]["blocks"] = blocks
    return Protocol.model_validate(document)


SMALL = protocol_about(WAKES, arms=2, blocks=2)


def nights_with(counts):
    """Nights of an export that holds nothing but counts."""
    table = pd.DataFrame(dict.fromkeys(COLUMNS, np.nan), index=range(len(counts)))
    evenings = pd.date_range("2025-09-01", periods=len(counts), unit="s")
    return Nights(table.assign(night=evenings, flags="", wake_episodes=np.asarray(counts, dtype=float)))


def chances(person, *, outcome=WAKES, gains=(0.0,), trials):
    protocol = protocol_about(outcome)
    draws = draw_schedules(protocol, draws=10, seed=1)
    return simulate_count_trials(person, draws, protocol, gains=gains, trials=trials, seed=1)


def test_the_more_wakes_an_arm_spares_the_oftener_it_is_seen_and_nothing_is_rarely_seen():
    _, by_gain = chances(estimate_night_variability(None, WAKES), gains=(0.0, 0.5, 1.0), trials=20)
    nothing, one, two = (at.verdicts[0].chance for at in by_gain)
    assert nothing < one < two
    assert by_gain[0].alarmed.chance <= 0.1
    for at in by_gain:
        assert sum(share.chance for share in at.verdicts) == pytest.approx(1)


def test_half_the_dispersion_narrows_the_interval():
    usual = estimate_night_variability(None, WAKES)
    steady = replace(usual, night_sd=usual.night_sd / 2**0.5)
    assert steady.dispersion == pytest.approx(usual.dispersion / 2)
    widths = [chances(person, trials=6)[0].half_width for person in (steady, usual)]
    assert widths[0] < 0.9 * widths[1]


@pytest.mark.parametrize("dispersion", [0.5, 1.0, 2.25])
def test_counts_have_the_mean_and_the_dispersion_that_were_asked_for(dispersion):
    ranks = np.random.default_rng(3).random(20_000)
    counts = counts_at(np.full(20_000, 2.0), ranks, dispersion=dispersion)
    assert counts.mean() == pytest.approx(2.0, abs=0.05)
    assert counts.var() / counts.mean() == pytest.approx(dispersion, rel=0.05)
    assert np.isnan(counts_at(np.array([2.0]), np.array([np.nan]), dispersion=dispersion)).all()


@pytest.mark.parametrize("dispersion", [0.5, 1.0, 2.25])
def test_a_person_s_count_and_dispersion_are_known_from_half_a_year(dispersion):
    counts = counts_at(np.full(180, 3.0), np.random.default_rng(4).random(180), dispersion=dispersion)
    person = estimate_night_variability(nights_with(counts), WAKES)
    assert person.usual == pytest.approx(counts.mean(), abs=0.15)
    assert person.dispersion == pytest.approx(counts.var() / counts.mean(), rel=0.15)


def test_a_single_night_without_a_wake_is_not_never():
    person = estimate_night_variability(nights_with([0.0]), WAKES)
    assert 0 < person.usual < 2
    assert person.dispersion == pytest.approx(1, abs=0.3)


def test_a_spread_that_no_count_has_is_refused():
    with pytest.raises(AnalysisError, match=r"--sd: 50 is too much for 2\.0 a night: give about 1\.4"):
        estimate_night_variability(None, WAKES, night_sd=50.0)
    with pytest.raises(AnalysisError, match=r"give wakes a night, such as 1\.4"):
        estimate_night_variability(None, WAKES, night_sd=0.0)


@pytest.fixture(scope="module")
def printed_and_saved(tmp_path_factory):
    """What the command prints of a small trial, and the plan that it saves."""
    folder = tmp_path_factory.mktemp("plan")
    (folder / "wakes.yaml").write_text(json.dumps(SMALL.model_dump(mode="json")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "COUNT_TRIALS", 2)
        arguments = ["plan", str(folder / "wakes.yaml"), "--out", str(folder / "plan.json")]
        ran = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert ran.exit_code == 0
    return ran.stdout, read_plan(folder / "plan.json")


def test_the_command_plans_a_count(printed_and_saved):
    printed, saved = printed_and_saved
    assert (
        "A gain is a fall in wake episodes of 5 minutes or more: 0.5 a night is from 2.0 to 1.5 a night."
        in (printed)
    )
    assert "leaves out what stopping before the last night would change" in printed
    assert "If you look after" not in printed
    assert [at.gain for at in saved.planned.by_gain] == [0, 0.5, 1]


def test_wakes_of_any_length_are_planned_in_per_cent(printed_and_saved):
    person = estimate_night_variability(None, ALL_WAKES)
    width, by_gain = chances(person, outcome=ALL_WAKES, gains=(0.0, 30.0), trials=6)
    assert 3 < width.half_width < 30
    assert by_gain[0].verdicts[0].chance < by_gain[1].verdicts[0].chance
    planned = replace(printed_and_saved[1].planned, by_gain=by_gain)
    sentences = plan_sentences(
        replace(printed_and_saved[1], outcome=ALL_WAKES, person=person, planned=planned)
    )
    assert any("30 % is from 25.0 to 17.5 a night" in sentence for sentence in sentences)


def with_usual(saved, usual):
    """The plan of a person with fewer wakes."""
    person = replace(saved.person, level=usual, free_night=0.0)
    gains = possible_gains(person, WAKES, (0.0, 0.5, 1.0))
    planned = replace(saved.planned, by_gain=saved.planned.by_gain[: len(gains)])
    return replace(saved, person=person, planned=planned, beside=())


def test_a_gain_that_is_more_than_all_wakes_is_said_to_be_impossible(printed_and_saved):
    none_left, one_left = (with_usual(printed_and_saved[1], usual) for usual in (0.5, 0.8))
    assert len(none_left.planned.by_gain) == 1
    assert "a fall by 0.5 a night, the smallest that is worth having, is not possible" in plan_page(none_left)
    assert len(one_left.planned.by_gain) == 2
    assert "A gain of 1 a night is not possible, as" in "\n".join(plan_lines(one_left))
