"""The answers as plain lines for a terminal."""

from collections.abc import Iterator, Sequence

from n1trial.analysis.effects import Effects
from n1trial.data.trial_data import TrialData
from n1trial.design.outcomes import Outcome
from n1trial.markup.text import capitalised, visible
from n1trial.report.content.answers import answer_arms
from n1trial.report.sentences import headings, interim_in_words, nights_in_words, no_verdict


def answer_lines(data: TrialData, effects: Sequence[Effects]) -> Iterator[str]:
    """The answers, outcome by outcome, in the words of the report."""
    if interim := interim_in_words(data):
        yield f"{headings.INTERIM} {interim}"
        yield ""
    for of_outcome in effects:
        yield f"{capitalised(_heading(of_outcome.outcome))}:"
        if of_outcome.problems:
            yield "  No verdict, for these reasons:"
            yield from (f"  - {visible(str(problem))}" for problem in of_outcome.problems)
            yield from (f"  {step}" for step in no_verdict(of_outcome.problems))
        else:
            for answer in answer_arms(of_outcome, data):
                yield f"  {answer.sentence}"
                yield f"    {headings.KEEP_DOING if data.habits else headings.KEEP} {answer.keep_taking}"
                yield f"    {answer.how_sure}"
                yield from (f"    {paragraph}" for paragraph in answer.beside)
        yield ""
    yield nights_in_words(data)


def _heading(outcome: Outcome) -> str:
    return visible(outcome.label)
