"""The same words for the terminal: answers as plain lines."""

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
    for each in effects:
        yield f"{capitalised(_heading(each.outcome))}:"
        if each.problems:
            yield "  No verdict, for these reasons:"
            yield from (f"  - {visible(problem)}" for problem in each.problems)
            yield from (f"  {step}" for step in no_verdict(each.problems))
        else:
            for said in answer_arms(each, data):
                yield f"  {said.sentence}"
                yield f"    {headings.KEEP_DOING if data.habits else headings.KEEP} {said.keep_taking}"
                yield f"    {said.how_sure}"
                yield from (f"    {each}" for each in said.beside)
        yield ""
    yield nights_in_words(data)


def _heading(outcome: Outcome) -> str:
    return visible(outcome.label)
