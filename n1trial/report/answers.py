"""What is said about each arm: the answer, whether to go on, how sure that is."""

from collections.abc import Iterator
from dataclasses import dataclass

from n1trial.effects import Effect, Effects
from n1trial.report import sentences
from n1trial.report.figures.gain_axis import against_reference
from n1trial.report.figures.palette import STYLES, arm_styles
from n1trial.report.material import Material
from n1trial.report.text import capitalised
from n1trial.trial import TrialData


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One arm against the reference, in words; `style` is its place in `palette.STYLES`."""

    style: int
    symbol: str
    label: str
    heading: str
    claim: str
    numbers: str
    keep_taking: str
    level: str
    how_sure: str

    @property
    def sentence(self) -> str:
        """The claim and the numbers that carry it."""
        return " ".join(filter(None, (self.claim, self.numbers)))


def answer_arms(effects: Effects, data: TrialData) -> list[Answer]:
    """What is said about every arm, in the order of the arms; nothing where a gate refused the result."""
    if effects.problems:
        return []
    return [_answer(effect, data) for effect in against_reference(effects, data)]


def _answer(effect: Effect, data: TrialData) -> Answer:
    style = arm_styles(data)[effect.arm]
    claim, numbers = sentences.claim_and_numbers(effect, data.labels)
    return Answer(
        style=STYLES.index(style),
        symbol=style.symbol,
        label=capitalised(data.labels[effect.arm]),
        heading=sentences.HEADINGS[effect.verdict],
        claim=claim,
        numbers=numbers,
        keep_taking=sentences.keep_taking(effect, nights=len(data.analysed(effect.outcome))),
        level=f"{effect.certainty} certainty",
        how_sure=" ".join(filter(None, (sentences.how_sure(effect), sentences.why_undecided(effect)))),
    )


def edition_line(material: Material) -> str:
    """The answer on the primary outcome in one line, as the log keeps it."""
    main, data = material.effects[0], material.data
    if main.problems:
        return f"no verdict: {'; '.join(main.problems)}"
    return "; ".join(
        f"{data.labels[effect.arm]}: {sentences.HEADINGS[effect.verdict]}, {effect.certainty} certainty,"
        f" {sentences.short_change(effect.outcome, effect.mean)} ({sentences.interval(effect)})"
        for effect in against_reference(main, data)
    )


def other_outcomes(material: Material) -> Iterator[str]:
    """The answers on every outcome but the primary, in the same words."""
    for effects in material.effects[1:]:
        for each in answer_arms(effects, material.data):
            yield each.sentence
