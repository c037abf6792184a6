"""A plan as plain lines for a terminal: sentences, then tables in columns."""

from collections.abc import Iterator, Sequence

from n1trial.markup.text import visible
from n1trial.planning.plan import Plan
from n1trial.planning.sentences import counted_sentence, person_sentence, plan_sentences
from n1trial.planning.tables import Row, how_to_get, plan_tables


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan for a terminal: sentences, then the tables."""
    yield f"{visible(plan.title)}: {visible(plan.outcome.label)}"
    yield ""
    yield from plan_sentences(plan)
    yield ""
    yield person_sentence(plan)
    for title, header, rows in plan_tables(plan):
        yield ""
        yield title
        yield from _aligned(header, rows)
    if how := how_to_get(plan):
        yield ""
        yield how
    yield ""
    yield counted_sentence(plan)


def _aligned(header: Row, rows: Sequence[Row]) -> Iterator[str]:
    """Columns side by side, a long heading over several lines."""
    widths = [
        max(
            12 if place else 0,
            *(len(row[place]) for row in rows),
            *(len(word) for word in header[place].split()),
        )
        for place in range(len(header))
    ]
    wrapped = [_wrapped(cell, width) for cell, width in zip(header, widths, strict=True)]
    height = max(len(lines) for lines in wrapped)
    heads = [[""] * (height - len(lines)) + lines for lines in wrapped]
    for line in zip(*heads, strict=True):
        yield _row(line, widths)
    for row in rows:
        yield _row(row, widths)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([f"  {first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
