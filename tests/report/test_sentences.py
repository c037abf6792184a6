import re
from dataclasses import replace
from itertools import product

import fixture_reports
import numpy as np
import pytest
import readability
from paths import TESTS
from scipy.stats import norm

from n1trial.analysis.certainty import CERTAINTIES
from n1trial.analysis.effects import Effect
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES, Outcome
from n1trial.design.protocol import RULE_TODAY
from n1trial.design.verdict import Chances, NightsAlone, Problem, verdict_of, within_a_period
from n1trial.inference.build_up import LongerPeriods
from n1trial.inference.inla import ArmNights, BadNightsChange, SleepDistribution, Steady, TypicalChange
from n1trial.report import sentences
from n1trial.report.content.content import report_content

GOLDEN = TESTS / "golden" / "sentences.txt"
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
    steady: Steady | None = None,
) -> Effect:
    """A Gaussian posterior, judged by the default rule."""
    chances = Chances.gaussian(outcome.sign * mean, sd, outcome.mid)
    judged = verdict_of(
        chances,
        alone=NightsAlone.of(outcome.sign * mean, sd, prior_sd=sd / 0.4, mid=outcome.mid),
        rule=RULE_TODAY,
    )
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
        verdict=verdict or within_a_period(judged, recovered=steady.recovered if steady else 1.0),  # type: ignore[arg-type]
        certainty=certainty,  # type: ignore[arg-type]
        reasons=reasons,
        settle_nights=settle_nights,
        draws=norm.ppf((np.arange(4000) + 0.5) / 4000, mean, sd),
        steady=steady,
    )


def slow(mean: float, outcome: Outcome, *, period_nights: int = 7, telling: bool = True) -> Steady:
    """What is there once half of it has built up in 3 nights, which periods show too little of."""
    longer = LongerPeriods(period_nights=28, washout_nights=7, periods=8)
    return Steady(
        recovered=0.43,
        period_nights=period_nights,
        half_life_nights=3.0,
        mean=2 * mean,
        sd=1.3 * outcome.mid,
        low=2 * mean - 2.5 * outcome.mid,
        high=2 * mean + 2.5 * outcome.mid,
        telling=longer if telling else None,
    )


def grid() -> list[Effect]:
    """Means and widths in units of the smallest worthwhile effect, for every outcome and certainty."""
    return [*_at_once(), *_built_up()]


def _built_up() -> list[Effect]:
    return [
        effect(
            mids * outcome.mid,
            width * outcome.mid,
            outcome=outcome,
            certainty=certainty,
            steady=slow(mids * outcome.mid, outcome, period_nights=nights, telling=width < 0.5),
        )
        for outcome, (certainty, nights), mids, width in product(
            OUTCOMES.values(),
            zip(CERTAINTIES, (7, 14, 10, 7), strict=True),
            (-1.2, 0.0, 1.2),
            (0.3, 0.9),
        )
    ]


def _at_once() -> list[Effect]:
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
    """Run `python tests/report/test_sentences.py` to write the golden file anew, and read what changed."""
    assert "".join(f"{line}\n" for line in golden_lines()) == GOLDEN.read_text(encoding="utf-8")


def golden_lines() -> list[str]:
    return [
        f"{each.outcome.name}, {each.certainty}, {each.verdict}: {' | '.join(on_the_card(each))}"
        for each in grid()
    ] + [f"bad nights: {said}" for said in of_bad_nights()]


def of_bad_nights() -> list[str]:
    """What is said of bad nights and of the typical night, from none on either arm to many on both."""
    said = []
    for ours, theirs, points in product((0, 1, 12), (0, 2, 12), (-9.0, 0.2, 4.0)):
        contrast = Contrast("magnesium", "none")
        change = BadNightsChange(
            mean=points,
            low=points - 6,
            high=points + 6,
            odds_ratio=(0.8, 0.4, 1.6),
            p_fewer=float(norm.cdf(-points / 3)),
            verdict="can't tell yet",
        )
        found = SleepDistribution(
            limit_min=300 if points < 4 else 330,
            arms={
                name: ArmNights(nights=42, bad=bad, middle_min=415.0)
                for name, bad in zip(contrast.arms, (ours, theirs), strict=True)
            },
            bad={contrast: change} if ours + theirs else {},
            typical={contrast: TypicalChange(mean=points, low=points - 14, high=points + 15)},
        )
        said += sentences.beyond_the_mean(effect(12.0, 8.0), found, LABELS)
    return [*dict.fromkeys(said)]


def test_sentences_on_bad_nights_are_short_and_without_banned_words():
    for text in of_bad_nights():
        for part in readability.sentences_of(text):
            assert len(readability.words_of(part)) <= 25, part
        assert not [word for word in BANNED if word in text.lower().replace("\u00a0", " ")], text


def on_the_card(each: Effect) -> list[str]:
    """Everything that the card of an arm says."""
    said = (
        sentences.answer(each, LABELS),
        sentences.once_built_up(each),
        sentences.keep_taking(each, nights=119),
        sentences.how_sure(each),
    )
    return [part for part in said if part]


def test_there_are_two_hundred_golden_cases_at_least():
    assert len({*golden_lines()}) >= 200
    assert {each.verdict for each in grid()} == {*sentences.HEADINGS} - {"no verdict"}


def texts_of_report(name: str) -> list[str]:
    """Every text of ours in a report, the model's own words and the checks' notes apart."""
    content = report_content(fixture_reports.REPORTS[name]())
    pictures = (*content.pictures, *content.methods.pictures)
    return [
        *(
            part
            for each in content.answers
            for part in (each.sentence, *each.beside, each.keep_taking, each.how_sure)
        ),
        *(text for picture in pictures for text in (picture.lead, *picture.words)),
        *(
            content.refusal,
            *content.steps,
            *content.trial_summary,
            *content.guardrails,
            *content.others_found,
        ),
        *(content.cannot_tell, content.methods.secondary, content.methods.intervals, *content.methods.rule),
    ]


@pytest.mark.parametrize(
    "name",
    ["clear-gain", "gate-failed", "blind-broken", "stopped-early", "five-arms", "means-apart-and-slow"],
)
def test_no_sentence_of_a_report_has_more_than_25_words_or_a_banned_one(name):
    for text in texts_of_report(name):
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
                sentences.tomorrow(each, LABELS),
                sentences.dots_in_words(each, LABELS),
            )
        ).lower()
        assert not [word for word in BANNED if word in said.replace("\u00a0", " ")], said


def test_a_likely_gain_reads_as_agreed():
    said = sentences.answer(effect(18, 8.4, arm="glycine"), LABELS).replace("\u00a0", " ")
    assert said == (
        "Glycine probably lengthened your sleep by about 18 min (95 % interval 2 to 34)."
        " Chance of a gain worth having: 13 in 20."
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


def test_fewer_wake_episodes_are_counted_by_the_night():
    said = sentences.answer(effect(-0.6, 0.2, outcome=OUTCOMES["wake_episodes"]), LABELS)
    assert "probably brought fewer wake episodes: about 0.6 a night" in said


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
        (0.5, "10 in 20"),
        (0.71, "14 in 20"),
        (0.96, "19 in 20"),
        (1.0, "over 19 in 20"),
    ],
)
def test_chances_are_n_in_20_and_never_certain(probability, said):
    assert sentences.chance(probability).replace("\u00a0", " ") == said


def test_chances_never_fall_as_they_grow():
    said = [sentences.chance(each) for each in np.linspace(0, 1, 500)]
    order = list(dict.fromkeys(said))
    assert len(order) == 21
    assert said == sorted(said, key=order.index)


def test_an_undecided_arm_has_the_number_of_nights_that_would_settle_it():
    said = sentences.keep_taking(effect(10, 12, settle_nights=210), nights=119)
    assert "Very roughly 210 nights in all might settle it: 91 more. That number is a guess itself." in said


def test_two_lengths_on_one_card_say_what_each_would_tell():
    said = effect(10, 12, settle_nights=210, steady=slow(10, OUTCOMES["tst_min"]))
    assert "might settle what it does within a week" in sentences.keep_taking(said, nights=119)
    assert "8 periods of 28 nights could tell what steady use does" in sentences.once_built_up(said)


def test_a_guess_at_steady_use_below_the_change_itself_says_why():
    steady = replace(slow(10, OUTCOMES["tst_min"]), mean=6.0)
    assert "smaller than the change above" in sentences.once_built_up(effect(10, 12, steady=steady))
    assert "smaller than" not in sentences.once_built_up(effect(10, 12, steady=slow(10, OUTCOMES["tst_min"])))


def test_points_with_a_small_worthwhile_size_keep_a_decimal():
    points = replace(OUTCOMES["tst_min"], name="mood", label="mood", unit="points", mid=0.5)
    assert sentences.change(points, 0.78) == "0.8\u00a0points higher"
    assert sentences.change(points, 0.04) == "about the same"


def test_hours_and_minutes_stay_on_one_line():
    assert sentences.level(OUTCOMES["tst_min"], 425) == "7\u00a0h\u00a005\u00a0min"


def test_an_undecided_arm_says_where_nothing_feasible_would_settle_it():
    said = sentences.keep_taking(effect(10, 12), nights=119)
    assert "not feasible" in said
    assert "more than 2 years" in said


def test_certainty_gives_at_most_three_reasons():
    said = sentences.how_sure(effect(18, 6, certainty="very low", reasons=("a", "b", "c", "d")))
    assert said == "Very low certainty: a; b; and c."


def test_no_verdict_says_nothing_about_the_effect():
    refused = effect(18, 6, verdict="no verdict")
    assert "min" not in sentences.answer(refused, LABELS)
    assert "15" not in sentences.keep_taking(refused, nights=119)


def test_a_hundred_nights_never_hold_none_or_all():
    assert (sentences.of_hundred(0.0), sentences.of_hundred(0.58), sentences.of_hundred(1.0)) == (1, 58, 99)


def test_tomorrow_counts_nights_against_a_night_without():
    assert sentences.tomorrow(effect(18, 6, arm="glycine"), LABELS) == (
        "Of 100 nights on glycine, about 58 would be longer than a comparable night without, and 42 would not."
    )


def test_what_it_cannot_tell_takes_at_most_60_words():
    assert len(sentences.CANNOT_TELL.split()) <= 60


def test_an_unknown_outcome_keeps_its_own_name_whatever_it_holds():
    own = Outcome(name="mood", label="mood {0} {x}", unit="units", better="higher", mid=1.0, source="own")
    assert "probably raised your mood {0} {x} by about 1.2 (95" in sentences.answer(
        effect(1.2, 0.3, outcome=own), LABELS
    )


HIDDEN = Problem("arms hidden", "the arms are still hidden: open the key with n1trial unblind")


@pytest.mark.parametrize(
    "problem",
    [
        Problem("sampler", "the chains disagree"),
        Problem("too few nights", "glycine: 1 analysed period, and 2 are needed"),
    ],
)
def test_a_refused_result_says_what_to_do(problem):
    assert "No number below is an answer about any arm" in sentences.no_verdict((problem,))[-1]
    assert len(sentences.no_verdict((problem,))) == 2


@pytest.mark.parametrize(
    ("problems", "said"),
    [
        ((), ""),
        ((Problem("sampler", "the chains disagree (R-hat 1.2)"), HIDDEN), "its own tests"),
        ((HIDDEN,), "still hidden"),
        (
            (Problem("too few nights", "glycine: 1 analysed period(s), but a verdict needs 2"),),
            "what a verdict needs",
        ),
    ],
)
def test_a_page_without_a_verdict_names_what_stands_in_its_way(problems, said):
    assert said in sentences.refusal(problems)
    assert bool(sentences.refusal(problems)) == bool(problems)


@pytest.mark.parametrize(
    "label",
    [
        "branched-chain amino acids",
        "a sampler of teas",
        "what the lot will draw",
        "unblinded honey",
        "one analysed night",
    ],
)
def test_what_stands_in_the_way_is_never_guessed_from_the_name_of_an_arm(label):
    not_kept = (Problem("not kept", f"{label}: as planned on 0 of 41 evenings"),)
    plain = (Problem("not kept", "glycine: as planned on 0 of 41 evenings"),)
    assert sentences.refusal(not_kept) == sentences.refusal(plain)
    assert sentences.no_verdict(not_kept) == sentences.no_verdict(plain)


def test_verdict_certainty_verb_and_advice_speak_with_one_voice():
    for each in grid():
        heading, level = sentences.heading(each), sentences.level_of(each)
        said, advice = sentences.answer(each, LABELS), sentences.keep_taking(each, nights=119)
        if heading.startswith("Can’t tell"):
            assert not level
            assert said.startswith("We can’t tell")
            assert advice.startswith("It is your choice")
        else:
            assert level == f"{each.certainty} certainty"
            assert "can’t tell" not in said
            assert "your choice" not in advice
        perhaps = each.certainty == "low" and each.verdict in ("worth it", "worse")
        assert heading.startswith("Perhaps") == perhaps
        assert advice.startswith(("Perhaps", "Rather not")) == perhaps


def test_an_open_question_says_why_and_names_no_certainty():
    said = sentences.how_sure(effect(10, 12, reasons=("you knew what you were taking",)))
    assert said.startswith("Still open: your nights vary so much")
    assert "An answer would be less sure, too, because you knew what you were taking." in said
    assert "certainty" not in said


def test_a_yes_whose_range_reaches_past_zero_says_why_that_is_no_contradiction():
    barely = sentences.keep_taking(effect(18, 9.7, verdict="worth it"), nights=119)
    assert "drawn wider than the rule asks" in barely
    assert "1 in 20" in barely.replace("\u00a0", " ")
    assert "drawn wider" not in sentences.keep_taking(effect(18, 6), nights=119)


def test_every_chance_has_the_same_base():
    for each in grid():
        for said in on_the_card(each):
            assert not re.search(r"\d in 10\b", said.replace("\u00a0", " ")), said


if __name__ == "__main__":
    GOLDEN.write_text("".join(f"{line}\n" for line in golden_lines()), encoding="utf-8")
