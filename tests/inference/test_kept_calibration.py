"""The summaries that are kept of the calibration studies: of these models, whole, and within the gates.

`uv run python tests/helpers/calibrate.py` makes them anew, and `test_calibration.py` runs every study again.
"""

import calibrate
import convergence_study
import pytest
import sbc


@pytest.mark.parametrize("name", calibrate.QUANTITIES)
def test_kept_ranks_are_of_all_quantities_and_uniform(name):
    kept = calibrate.kept(f"sbc-{name}")
    assert kept["trials"] == calibrate.SBC_TRIALS[name]
    assert set(kept["quantities"]) == {*calibrate.QUANTITIES[name], "log-lik"}
    prob = 1 - 0.05 / len(kept["quantities"])
    for ranks in kept["quantities"].values():
        assert sum(ranks["bins"]) == kept["trials"]
        assert sbc.p_uniform(ranks) > 0.001
        assert sbc.excursion(ranks, prob=prob) <= 1


def test_kept_shares_are_within_their_gates():
    worth_it, inside = calibrate.kept("null")["worth it"], calibrate.kept("coverage")["inside"]
    assert set(worth_it) == set(calibrate.NULL_SCENARIOS)
    assert max(worth_it.values()) <= 0.05
    assert len(inside) == len(calibrate.NUISANCE_CELLS)
    assert all(0.93 <= share <= 0.97 for share in inside.values())
    deciles = calibrate.kept("deciles")
    assert all(abs(a - b) <= 0.04 for a, b in zip(deciles["stated"], deciles["true"], strict=True))
    assert len(calibrate.kept("operating")["found"]) == len(calibrate.NIGHT_SDS)


def test_every_kept_study_is_drawn(tmp_path):
    calibrate.draw(tmp_path)
    drawn = {path.stem for path in tmp_path.iterdir()}
    assert drawn == {*(f"sbc-{name}" for name in calibrate.QUANTITIES), "deciles"}


def test_at_the_first_try_the_sampler_converges_with_room():
    kept = calibrate.kept("convergence")
    assert kept["seeds"] == convergence_study.SEEDS
    assert {name.partition(",")[0] for name in kept["of"]} == set(convergence_study.TRIALS)
    for shares in kept["of"].values():
        assert shares["within"] >= convergence_study.LEAST_SHARE
