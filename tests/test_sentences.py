from itertools import product
from pathlib import Path

import fixture_reports
import numpy as np
import pytest
import readability
from scipy.stats import norm

from n1trial.effects import CERTAINTIES, Effect
from n1trial.outcomes import OUTCOMES, Outcome
from n1trial.protocol import VerdictRule
from n1trial.report import sentences
from n1trial.report.story import tell
from n1trial.verdict import Chances, verdict_of

GOLDEN = Path(__file__).parent / "golden" / "sentences.txt"
LABELS = {"magnesium": "magnesium glycinate", "none": "nothing", "glycine": "glycine"}
BANNED = ("significant", "no effect", "p =", "p-value", "prove", "posterior", "credible", " 0 %", " 100 %")


def effect(
    mean: float,
    sd: float,
    *,
    outcome: Outcome = OUTCOMES["tst_min"],
    certainty: str = "moderate",
    arm: str = "magnesium",
    comparator: str = "none",
    settle_nights: int | None = None,
    reasons: tuple[str, ...] = (),
    verdict: str | None = None,
) -> Effect:
    """A Gaussian posterior, judged by the default rule."""
    chances = Chances.gaussian(outcome.sign * mean, sd, outcome.mid)
    return Effect(
        outcome=outcome,
        arm=arm,
        comparator=comparator,
        mean=mean,
        sd=sd,
        low=mean - 1.96 * sd,
        high=mean + 1.96 * sd,
        p_better=chances.better,
        p_worthwhile=chances.worthwhile,
        p_equivalent=chances.equivalent,
        p_worse=chances.much_worse,
        better_nights=0.58,
        verdict=verdict or verdict_of(chances, sd_ratio=0.4, rule=VerdictRule()),  # type: ignore[arg-type]
        certainty=certainty,  # type: ignore[arg-type]
        reasons=reasons,
        settle_nights=settle_nights,
        draws=norm.ppf((np.arange(4000) + 0.5) / 4000, mean, sd),
    )


def grid() -> list[Effect]:
    """Means and widths in units of the smallest worthwhile effect, for every outcome and certainty."""
    return [
        effect(mids * outcome.mid, width * outcome.mid, outcome=outcome, certainty=certainty)
        for outcome, certainty, mids, width in product(
            OUTCOMES.values(),
            CERTAINTIES,
            (-2.3, -1.2, -0.4, 0.0, 0.03, 0.7, 1.2, 2.6),
            (0.3, 0.9),
        )
    ]


def words(sentence: str) -> int:
    """Words of an answer, those in the brackets not counted."""
    outside = sentence[: sentence.index("(")] + sentence[sentence.index(")") + 1 :]
    return len([word for word in outside.split() if any(letter.isalnum() for letter in word)])


def test_answers_read_as_agreed():
    """Run `python tests/test_sentences.py` to write the golden file anew, and read what changed."""
    assert "".join(f"{line}\n" for line in golden_lines()) == GOLDEN.read_text(encoding="utf-8")


def golden_lines() -> list[str]:
    return [
        f"{each.outcome.name}, {each.certainty}, {each.verdict}: {' | '.join(on_the_card(each))}"
        for each in grid()
    ]


def on_the_card(each: Effect) -> list[str]:
    """Everything that the card of an arm says."""
    said = (
        sentences.answer(each, LABELS),
        sentences.keep_taking(each, nights=119),
        sentences.how_sure(each),
        sentences.why_undecided(each),
    )
    return [part for part in said if part]


def test_there_are_two_hundred_golden_cases_at_least():
    assert len({*golden_lines()}) >= 200
    assert {each.verdict for each in grid()} == {*sentences.HEADINGS} - {"no verdict"}


def told_texts(name: str) -> list[str]:
    """Every text of ours in a report, the model's own words and the checks' notes apart."""
    story = tell(fixture_reports.REPORTS[name]())
    pictures = (*story.pictures, *story.methods.pictures)
    return [
        *(part for each in story.answers for part in (each.sentence, each.keep_taking, each.how_sure)),
        *(text for picture in pictures for text in (picture.lead, *picture.words)),
        *(story.refusal, *story.steps, *story.happened, *story.guardrails, *story.others_found),
        *(story.cannot_tell, story.methods.secondary, story.methods.intervals, *story.methods.rule),
    ]


@pytest.mark.parametrize("name", ["clear-gain", "gate-failed", "blind-broken", "stopped-early", "five-arms"])
def test_no_sentence_of_a_report_has_more_than_25_words_or_a_banned_one(name):
    for text in told_texts(name):
        for said in readability.sentences_of(text):
            assert len(readability.words_of(said)) <= 25, said
        assert not [word for word in BANNED[:-4] if word in text.lower().replace("\u00a0", " ")], text


def test_every_sentence_on_a_card_has_at_most_25_words():
    every = [said for each in grid() for text in on_the_card(each) for said in readability.sentences_of(text)]
    assert max(len(readability.words_of(said)) for said in every) <= 25


@pytest.mark.parametrize("name", ["tst_min", "wake_episodes", "wake_episodes_all"])
def test_cards_can_be_read_at_about_age_12(name):
    cards = [text for each in grid() if each.outcome.name == name for text in on_the_card(each)]
    grade = readability.school_grade(" ".join(text if text.endswith(".") else f"{text}." for text in cards))
    print(f"{name}: school grade {grade:.1f}")
    assert grade <= 6.5


@pytest.mark.parametrize("name", ["tst_min", "wake_episodes", "wake_episodes_all"])
def test_an_answer_has_at_most_25_words_and_numbers_in_brackets(name):
    for each in grid():
        if each.outcome.name == name:
            said = sentences.answer(each, LABELS)
            assert words(said) <= 25, said
            assert "interval" in said[said.index("(") : said.index(")")]


def test_no_sentence_uses_a_banned_word():
    for each in grid():
        said = " ".join(
            (
                sentences.answer(each, LABELS),
                sentences.answer_compared(each, LABELS),
                sentences.keep_taking(each, nights=119),
                sentences.how_sure(each),
                sentences.why_undecided(each),
                sentences.tomorrow(each, LABELS),
                sentences.dots_in_words(each, LABELS),
            )
        ).lower()
        assert not [word for word in BANNED if word in said.replace("\u00a0", " ")], said


def test_the_brief_s_own_example():
    said = sentences.answer(effect(18, 8.4, arm="glycine"), LABELS).replace("\u00a0", " ")
    assert said == (
        "Glycine probably lengthened your sleep by about 18 min (95 % interval 2 to 34)."
        " Chance it is worth having: 13 in 20."
    )


@pytest.mark.parametrize(
    ("certainty", "verb"),
    [
        ("high", "Glycine lengthened"),
        ("moderate", "Glycine probably lengthened"),
        ("low", "Glycine may have lengthened"),
        ("very low", "We can’t tell whether glycine lengthens"),
    ],
)
def test_certainty_picks_the_verb(certainty, verb):
    assert sentences.answer(effect(18, 6, arm="glycine", certainty=certainty), LABELS).startswith(verb)


def test_fewer_wake_episodes_are_spared():
    said = sentences.answer(effect(-0.6, 0.2, outcome=OUTCOMES["wake_episodes"]), LABELS)
    assert "probably spared you about 0.6 wake episodes a night" in said


def test_an_open_question_never_claims_a_direction():
    for certainty in CERTAINTIES:
        said = sentences.answer(effect(10, 12, certainty=certainty), LABELS)
        assert said.startswith("We can’t tell yet whether magnesium glycinate lengthens your sleep")


def test_a_sure_but_small_gain_is_an_open_question_of_enough():
    said = sentences.answer(effect(10, 4), LABELS).replace("\u00a0", " ")
    assert said.startswith("We can’t tell yet whether magnesium glycinate helps enough: about 10 min longer")


def test_very_low_certainty_is_no_advice():
    assert sentences.keep_taking(effect(18, 6, certainty="very low"), nights=119).startswith(
        "It is your choice"
    )


def test_a_further_comparison_names_the_other_arm():
    said = sentences.answer_compared(effect(18, 6, comparator="glycine"), LABELS)
    assert said.startswith("Compared with glycine, magnesium glycinate probably lengthened")


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.0, "under 1 in 20"),
        (0.04, "1 in 20"),
        (0.26, "5 in 20"),
        (0.5, "5 in 10"),
        (0.71, "7 in 10"),
        (0.96, "19 in 20"),
        (1.0, "over 19 in 20"),
    ],
)
def test_chances_are_n_in_10_or_20_and_never_certain(probability, said):
    assert sentences.chance(probability).replace("\u00a0", " ") == said


def test_chances_never_fall_as_they_grow():
    said = [sentences.chance(each) for each in np.linspace(0, 1, 500)]
    order = list(dict.fromkeys(said))
    assert len(order) == 21
    assert said == sorted(said, key=order.index)


def test_an_undecided_arm_is_told_the_nights_that_would_settle_it():
    said = sentences.keep_taking(effect(10, 12, settle_nights=210), nights=119)
    assert "About 210 nights in all would settle it: 91 more" in said


def test_an_undecided_arm_is_told_when_nothing_feasible_would_settle_it():
    said = sentences.keep_taking(effect(10, 12), nights=119)
    assert "not feasible" in said
    assert "more than 2 years" in said


def test_certainty_gives_at_most_three_reasons():
    said = sentences.how_sure(effect(10, 12, certainty="very low", reasons=("a", "b", "c", "d")))
    assert said == "Very low certainty: a, b and c."


def test_no_verdict_says_nothing_about_the_effect():
    refused = effect(18, 6, verdict="no verdict")
    assert "min" not in sentences.answer(refused, LABELS)
    assert "15" not in sentences.keep_taking(refused, nights=119)


def test_a_hundred_nights_never_hold_none_or_all():
    assert (sentences.of_hundred(0.0), sentences.of_hundred(0.58), sentences.of_hundred(1.0)) == (1, 58, 99)


def test_tomorrow_counts_nights_against_a_night_without():
    assert sentences.tomorrow(effect(18, 6, arm="glycine"), LABELS) == (
        "Of 100 nights on glycine, about 58 would be longer than a night without and 42 would not."
    )


def test_what_it_cannot_tell_takes_at_most_60_words():
    assert len(sentences.CANNOT_TELL.split()) <= 60


def test_an_unknown_outcome_keeps_its_own_name_whatever_it_holds():
    own = Outcome(name="mood", label="mood {0} {x}", unit="units", better="higher", mid=1.0, source="own")
    assert "probably raised your mood {0} {x} by about 1.2 (95" in sentences.answer(
        effect(1.2, 0.3, outcome=own), LABELS
    )


@pytest.mark.parametrize("problem", ["the chains disagree", "glycine: 1 analysed period, and 2 are needed"])
def test_a_refused_result_says_what_to_do(problem):
    assert sentences.no_verdict((problem,))[-1].startswith("Until then nothing here speaks")
    assert len(sentences.no_verdict((problem,))) == 2


@pytest.mark.parametrize(
    ("problems", "said"),
    [
        ((), ""),
        (("the chains disagree (R-hat 1.2)", "the arms are still hidden: n1trial unblind"), "its own tests"),
        (("the arms are still hidden: open the key with n1trial unblind",), "still hidden"),
        (("glycine: 1 analysed period(s), but a verdict needs 2 of every arm",), "what a verdict needs"),
    ],
)
def test_a_page_without_a_verdict_names_what_stands_in_its_way(problems, said):
    assert said in sentences.refusal(problems)
    assert bool(sentences.refusal(problems)) == bool(problems)


if __name__ == "__main__":
    GOLDEN.write_text("".join(f"{line}\n" for line in golden_lines()), encoding="utf-8")
