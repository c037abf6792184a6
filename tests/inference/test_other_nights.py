"""Right answers for nights unlike our own simulator's: the gates of every kind, kept and measured again.

`uv run python tests/helpers/calibrate.py --study other-nights --study other-counts` makes the kept figures, of 4,000
trials each; here every kind is measured again with fewer.
"""

import calibrate
import count_studies
import night_studies
import pytest
from night_studies import outside
from other_nights import OF_NIGHTS
from paths import SHOWN_RIGHT

NIGHT_TRIALS, COUNT_TRIALS = 2_000, 200
IN_TABLE = (
    *("changes covered", "changes covered at .7", "changes covered at .5"),
    *("false worth it", "false worse", "no at .7", "9 in 10 true"),
)


def figures(shares):
    return ", ".join(f"{name} {share:.3f}" for name, share in shares.items())


def test_kept_figures_of_every_kind_of_night_are_within_their_gates():
    kept = calibrate.kept("other-nights")
    assert kept["trials"] >= 4000
    assert set(kept["found"]) == set(night_studies.CELLS)
    for cell, shares in kept["found"].items():
        assert outside(shares, night_studies.gates(cell), kept["trials"]) == {}, cell


def test_kept_figures_of_every_family_of_counts_are_within_their_gates():
    kept = calibrate.kept("other-counts")
    assert kept["trials"] >= 4000
    assert set(kept["found"]) == set(count_studies.FAMILIES)
    for family, shares in kept["found"].items():
        assert outside(shares, count_studies.GATES, kept["trials"]) == {}, family


def in_per_cent(share):
    """One decimal, as the table has it: 97.9, .6."""
    return f"{100 * share:.1f}".removeprefix("0")


@pytest.mark.parametrize("cell", OF_NIGHTS)
def test_the_readme_has_the_kept_figures_of_nights(cell):
    shares = calibrate.kept("other-nights")["found"][cell]
    *others, seen = shares.values()
    row = " | ".join([cell, *(in_per_cent(share) for share in others), f"{100 * seen:.0f}"])
    assert f"| {row} |" in SHOWN_RIGHT.read_text(encoding="utf-8")


@pytest.mark.parametrize("family", count_studies.FAMILIES)
def test_the_readme_has_the_kept_figures_of_counts(family):
    shares = calibrate.kept("other-counts")["found"][family]
    row = " | ".join([family, *(in_per_cent(shares[name]) for name in IN_TABLE)])
    assert f"| {row} |" in SHOWN_RIGHT.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("cell", night_studies.CELLS)
def test_answers_are_right_for_nights_that_others_describe(cell):
    shares = night_studies.measured(cell, NIGHT_TRIALS)
    print(f"\n{cell}: {figures(shares)}")
    assert outside(shares, night_studies.gates(cell), NIGHT_TRIALS) == {}


@pytest.mark.slow
@pytest.mark.parametrize("family", count_studies.FAMILIES)
def test_answers_are_right_for_wakes_that_others_describe(family):
    shares = count_studies.measured(family, COUNT_TRIALS)
    print(f"\n{family}: {figures(shares)}")
    assert outside(shares, count_studies.GATES, COUNT_TRIALS) == {}
