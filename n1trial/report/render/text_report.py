"""The report as plain text, for a terminal, a mail or a Braille display; figures are described in words."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from n1trial.markup.text import visible
from n1trial.report.content.answers import Answer
from n1trial.report.content.content import ReportContent, report_content
from n1trial.report.content.inputs import Material
from n1trial.report.content.main_figures import Picture
from n1trial.report.content.methods import Methods
from n1trial.report.content.tables import Table
from n1trial.report.sentences import headings

WIDTH = 88
GAP = "  "


def plain_text(material: Material) -> str:
    """The report as lines of at most `WIDTH` characters; a wide table may be wider."""
    lines = [visible(line) for line in _lines(report_content(material))]
    return "\n".join(lines).rstrip() + "\n"


def _lines(content: ReportContent) -> Iterator[str]:
    yield from _wrapped(content.title)
    yield content.when
    if content.interim:
        yield from _wrapped(f"{headings.INTERIM} {content.interim}")
    for verdict in content.other_verdicts:
        yield from _wrapped(verdict)
    if content.problems:
        yield from _section(headings.NO_ANSWER, [content.refusal])
        yield from _section(headings.STOOD_IN_THE_WAY, [*map(str, content.problems)])
        yield from _section(headings.WHAT_NOW, content.steps)
    else:
        yield from _section(headings.ANSWER, [])
        for answer in content.answers:
            yield from _answer(answer, content.keep)
    yield from _section(headings.NOTES, content.notes)
    for picture in content.pictures:
        yield from _section(picture.title, picture.words)
    yield from _section(headings.HAPPENED, content.trial_summary)
    for table in content.counted:
        yield from _grid(table)
    yield from _section(headings.GUARDRAILS, content.guardrails)
    yield from _section(headings.OTHERS, content.others_found)
    yield from _section(headings.LIMITS, [content.cannot_tell])
    yield from _methods(content.methods)


def _answer(answer: Answer, keep: str) -> Iterator[str]:
    yield ""
    yield f"{answer.symbol} {visible(answer.label)}: {answer.heading}"
    yield from _indented(answer.sentence)
    yield from _indented(f"{keep} {answer.keep_taking}")
    yield from _indented(f"{headings.SURE}: {answer.how_sure}")
    for paragraph in answer.beside:
        yield from _indented(paragraph)


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
    yield from _section(headings.SOURCES, [f"{name}: {fact}" for name, fact in methods.facts.items()])
    yield from _section(headings.EARLIER, methods.earlier)


def _picture(picture: Picture) -> Iterator[str]:
    yield from _section(picture.title, picture.words)
    yield from _grid(picture.table)


def _section(title: str, sentences: Sequence[str]) -> Iterator[str]:
    """A heading and its sentences; nothing for a section without sentences, except the two main headings."""
    if not sentences and title not in (headings.ANSWER, headings.METHODS):
        return
    yield ""
    if title:
        yield title.upper()
    for sentence in sentences:
        yield from _wrapped(sentence)


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
