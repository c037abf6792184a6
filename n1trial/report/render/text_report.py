"""The same report as plain text, for a terminal, a mail or a Braille line; pictures are told in words."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from n1trial.markup.text import visible
from n1trial.report.content.answers import Answer
from n1trial.report.content.content import Story, tell
from n1trial.report.content.inputs import Material
from n1trial.report.content.main_figures import Picture
from n1trial.report.content.methods import Methods
from n1trial.report.content.tables import Table
from n1trial.report.sentences import headings

WIDTH = 88
GAP = "  "


def plain_text(material: Material) -> str:
    """The report as lines of at most `WIDTH` letters; a wide table may run over."""
    lines = [visible(line) for line in _lines(tell(material))]
    return "\n".join(lines).rstrip() + "\n"


def _lines(story: Story) -> Iterator[str]:
    yield from _wrapped(story.title)
    yield story.when
    if story.interim:
        yield from _wrapped(f"{headings.INTERIM} {story.interim}")
    for said in story.other_verdicts:
        yield from _wrapped(said)
    if story.problems:
        yield from _section(headings.NO_ANSWER, [story.refusal])
        yield from _section(headings.STOOD_IN_THE_WAY, story.problems)
        yield from _section(headings.WHAT_NOW, story.steps)
    else:
        yield from _section(headings.ANSWER, [])
        for answer in story.answers:
            yield from _answer(answer, story.keep)
    yield from _section(headings.NOTES, story.notes)
    for picture in story.pictures:
        yield from _section(picture.title, picture.words)
    yield from _section(headings.HAPPENED, story.happened)
    for table in story.counted:
        yield from _grid(table)
    yield from _section(headings.GUARDRAILS, story.guardrails)
    yield from _section(headings.OTHERS, story.others_found)
    yield from _section(headings.LIMITS, [story.cannot_tell])
    yield from _methods(story.methods)


def _answer(answer: Answer, keep: str) -> Iterator[str]:
    yield ""
    yield f"{answer.symbol} {visible(answer.label)}: {answer.heading}"
    yield from _indented(answer.sentence)
    yield from _indented(f"{keep} {answer.keep_taking}")
    yield from _indented(f"{headings.SURE}: {answer.how_sure}")
    for said in answer.beside:
        yield from _indented(said)


def _methods(methods: Methods) -> Iterator[str]:
    yield from _section(headings.METHODS, [])
    yield from _section(headings.DESIGN, methods.design)
    yield from _section(headings.RULE, [methods.mids, *methods.rule])
    for model in methods.models:
        yield from _section(f"{headings.MODEL}: {visible(model.title)}", [model.assumes, model.formula])
        for name, prior in model.priors.items():
            yield from _indented(f"{name}: {prior}")
    yield ""
    yield from _wrapped(methods.intervals)
    yield from _grid(methods.diagnostics)
    yield from _section("", methods.without_verdict)
    if methods.effects:
        yield from _section(headings.OUTCOMES, [methods.secondary])
        yield from _grid(methods.effects)
    yield from _section(headings.FURTHER, methods.further)
    for picture in methods.pictures:
        yield from _picture(picture)
    for table in methods.checks:
        yield from _grid(table)
    yield from _section(headings.CENT, [methods.cent_missing])
    for item in methods.cent:
        yield from _indented(f"{item.number} {item.name}: {item.where or item.missing}")
    yield from _section(headings.SOURCES, [f"{name}: {said}" for name, said in methods.facts.items()])
    yield from _section(headings.EARLIER, methods.earlier)


def _picture(picture: Picture) -> Iterator[str]:
    yield from _section(picture.title, picture.words)
    yield from _grid(picture.table)


def _section(title: str, said: Sequence[str]) -> Iterator[str]:
    """A heading and its sentences; nothing where a part of the report has no sentence and no heading."""
    if not said and title not in (headings.ANSWER, headings.METHODS):
        return
    yield ""
    if title:
        yield title.upper()
    for each in said:
        yield from _wrapped(each)


def _wrapped(text: str) -> Iterator[str]:
    yield from wrap(visible(text), WIDTH, break_on_hyphens=False) or [""]


def _indented(text: str) -> Iterator[str]:
    yield from wrap(visible(text), WIDTH, initial_indent=GAP, subsequent_indent=GAP, break_on_hyphens=False)


def _grid(table: Table) -> Iterator[str]:
    """A table in columns of even width."""
    cells = [[visible(str(cell)) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    yield ""
    yield visible(table.caption)
    for row in cells:
        yield GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
