import pytest

from n1trial.outcomes import OUTCOMES


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=list(OUTCOMES))
def test_every_outcome_has_a_unit_a_direction_a_worthwhile_effect_and_a_source(outcome):
    assert outcome.unit
    assert outcome.better in ("higher", "lower")
    assert outcome.mid > 0
    assert outcome.source


def test_worthwhile_effects_are_those_of_the_guideline():
    # Edinger et al. (2021), AASM, PMC7853211, Table 3
    guideline = {"tst_min": 15, "wake_episodes": 0.5, "waso_min": 20, "sol_min": 20, "se_pct": 10}
    assert {name: OUTCOMES[name].mid for name in guideline} == guideline
