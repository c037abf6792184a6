"""Whether answers of high certainty come true more often than those of low, and what looks at block ends do.

`uv run python tests/helpers/grades.py` makes the kept figures anew; here they are judged, and a smaller study is
run again.
"""

import grades
import numpy as np
import pytest
from paths import SHOWN_RIGHT
from scipy import stats

pytestmark = pytest.mark.slow


def test_answers_of_higher_certainty_come_true_more_often(capsys):
    study = grades.kept("grades")
    by_grade = grades.shares_true(study, "certainty")
    with capsys.disabled():
        print("\n" + ", ".join(f"{name} {share:.3f} of {count}" for name, (count, share) in by_grade.items()))
    shares = [share for _, share in by_grade.values()]
    assert shares == sorted(shares, reverse=True)
    counts, true = (
        np.sum([of_scenario["certainty"][name] for of_scenario in study.values()], axis=0)
        for name in ("high", "very low")
    )
    table = [[counts[1], counts[0] - counts[1]], [true[1], true[0] - true[1]]]
    assert stats.fisher_exact(table, alternative="greater").pvalue < 0.01
    announced = [share for _, share in grades.shares_true(study, "announced").values()]
    assert announced == sorted(announced, reverse=True)


def test_the_readme_says_how_often_answers_of_each_certainty_came_true():
    text = SHOWN_RIGHT.read_text(encoding="utf-8").replace("\n", " ")
    shares = [
        f"{100 * share:.1f}" for _, share in grades.shares_true(grades.kept("grades"), "certainty").values()
    ]
    assert f"came true in {shares[0]} % (high), {shares[1]}, {shares[2]} and {shares[3]} % (very low)" in text


@pytest.mark.parametrize("scenario", grades.TRIALS)
@pytest.mark.parametrize("how", ["no look", "looks"])
def test_no_verdict_is_false_more_often_than_it_may_be_with_looks_or_without(scenario, how, capsys):
    cells = {gain: of_gain[how] for gain, of_gain in grades.kept("characteristics")[scenario].items()}
    with capsys.disabled():
        print(f"\n{scenario}, {how}:")
        for gain, cell in cells.items():
            print(f"  {gain}: " + ", ".join(f"{name} {share:.3f}" for name, share in cell.items()))
    assert cells["nothing"]["any worth it"] <= 0.05
    assert cells["nothing"]["any worse"] <= 0.05
    nothing, *gains, loss = cells
    assert nothing == "nothing"
    for gain in gains:
        share_of_no = cells[gain]["no difference that matters"] + cells[gain]["no worthwhile gain"]
        # Whoever looks stops at a "no" that more nights would have taken back.
        assert share_of_no <= (0.08 if how == "looks" else 0.07)
        assert cells[gain]["worse"] <= 0.01
    assert cells[loss]["worth it"] <= 0.01
    assert cells["nothing"]["covered"] >= 0.93


def test_the_studies_run_again_say_what_is_kept():
    scenario = "ordinary nights"
    again = grades.graded(scenario, 300, seed=10)["certainty"]
    before = grades.kept("grades")[scenario]["certainty"]
    given, true = np.sum([*again.values()], axis=0)
    given_before, true_before = np.sum([*before.values()], axis=0)
    share = true_before / given_before
    assert true / given == pytest.approx(share, abs=4 * (share * (1 - share) / given) ** 0.5)
    cell = grades.characteristics(scenario, 100, seed=11)["+40"]
    kept = grades.kept("characteristics")[scenario]["+40"]
    for how in ("no look", "looks"):
        assert cell[how]["worth it"] == pytest.approx(kept[how]["worth it"], abs=0.12)


def test_what_each_verdict_says_comes_true_where_it_is_so():
    verdicts = np.array(["worth it", "worse", "no difference that matters", "no worthwhile gain"])
    assert grades.came_true(verdicts, np.array([1.0, -1.0, 14.0, 14.0])).all()
    assert not grades.came_true(verdicts, np.array([-1.0, 1.0, 16.0, 16.0])).any()
