"""The answer about each arm: the verdict, whether to go on, how certain that is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from n1trial.analysis.effects import Effect, Effects
from n1trial.data.trial_data import TrialData
from n1trial.markup.text import capitalised, ended, visible
from n1trial.report import sentences
from n1trial.report.content.inputs import Material
from n1trial.report.figures.gain_axis import against_reference
from n1trial.report.figures.palette import STYLES, arm_styles


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One arm against the reference, in words.

    `style` is the position in `palette.STYLES`; `beside` has further paragraphs that qualify the answer.
    """

    style: int
    symbol: str
    label: str
    heading: str
    claim: str
    numbers: str
    beside: tuple[str, ...]
    keep_taking: str
    level: str
    how_sure: str

    @property
    def sentence(self) -> str:
        """The claim and its numbers."""
        return " ".join(filter(None, (self.claim, self.numbers)))


def answer_arms(effects: Effects, data: TrialData) -> list[Answer]:
    """The answer about every arm, in the order of the arms; empty where there is no verdict."""
    if effects.problems:
        return []
    return [_answer(effect, effects, data) for effect in against_reference(effects, data)]


def _answer(effect: Effect, effects: Effects, data: TrialData) -> Answer:
    style = arm_styles(data)[effect.arm]
    claim, numbers = sentences.claim_and_numbers(effect, data.labels)
    return Answer(
        style=STYLES.index(style),
        symbol=style.symbol,
        label=capitalised(data.labels[effect.arm]),
        heading=sentences.heading(effect),
        claim=claim,
        numbers=numbers,
        beside=(
            *filter(None, (sentences.in_conflict(effect), sentences.once_built_up(effect))),
            *sentences.beyond_the_mean(effect, effects.distribution, data.labels),
        ),
        keep_taking=sentences.keep_taking(
            effect, nights=len(data.analysed(effect.outcome)), planned=data.planned
        ),
        level=sentences.level_of(effect),
        how_sure=sentences.how_sure(effect),
    )


def edition_line(material: Material) -> str:
    """The answer on the primary outcome in one line, as it is logged."""
    main, data = material.effects[0], material.data
    if main.problems:
        return f"no verdict: {'; '.join(map(str, main.problems))}"
    return "; ".join(
        f"{data.labels[effect.arm]}: {_verdict_in_words(effect)},"
        f" {sentences.short_change(effect.outcome, effect.mean)} ({sentences.interval(effect)})"
        for effect in against_reference(main, data)
    )


def other_verdicts(material: Material) -> Iterator[str]:
    """The verdicts on every outcome but the primary, a line each; arms of one verdict are named together."""
    data = material.data
    for effects in material.effects[1:]:
        arms: dict[tuple[str, str], list[str]] = {}
        for effect in against_reference(effects, data):
            of_one = (sentences.heading(effect), sentences.level_of(effect))
            arms.setdefault(of_one, []).append(visible(data.labels[effect.arm]))
        if arms and not effects.problems:
            verdicts = [_verdict_on(*of_one, named) for of_one, named in arms.items()]
            yield ended(f"{capitalised(sentences.thing(effects.outcome))}: {'; '.join(verdicts)}")


def _verdict_on(verdict: str, level: str, arms: Sequence[str]) -> str:
    sentence = f"{verdict[0].lower()}{verdict[1:]} on {sentences.in_a_row(arms)}"
    return f"{sentence} ({level})" if level else sentence


def _verdict_in_words(effect: Effect) -> str:
    return ", ".join(filter(None, (sentences.heading(effect), sentences.level_of(effect))))


def other_outcomes(material: Material) -> Iterator[str]:
    """The answers on every outcome but the primary, in the same words."""
    for effects in material.effects[1:]:
        for answer in answer_arms(effects, material.data):
            yield answer.sentence
