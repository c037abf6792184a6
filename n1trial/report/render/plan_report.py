"""The plan as one self-contained HTML page, in the style of the report."""

from pathlib import Path

from n1trial.markup.jinja import templates
from n1trial.markup.text import as_written, capitalised, visible
from n1trial.planning import Plan, plan_sentences, save_plan
from n1trial.planning.sentences import counted_sentence, person_sentence
from n1trial.planning.tables import how_to_get, plan_tables, twenty_trials
from n1trial.report.figures.palette import css_variables
from n1trial.system.files import write_whole

MARKS = {
    "worth it": ("good", "▲"),
    "worse": ("bad", "▼"),
    "no difference that matters": ("none", "■"),
    "no worthwhile gain": ("none", "■"),
    "no gain within a period": ("none", "□"),
    "can't tell yet": ("open", "○"),
}


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan as a page, or as JSON where the name ends in .json.

    Raises
    ------
    FolderError
        The file cannot be written.
    """
    if path.suffix == ".json":
        save_plan(path, plan)
    else:
        write_whole(path, plan_page(plan))


def plan_page(plan: Plan) -> str:
    """The page of a plan."""
    unit = plan.outcome.contrast_unit
    return (
        templates("report/render")
        .get_template("plan.html.j2")
        .render(
            title=visible(plan.title),
            outcome=capitalised(visible(plan.outcome.label)),
            mid=f"{as_written(plan.outcome.mid)} {unit}",
            light=css_variables("light"),
            dark=css_variables("dark"),
            sentences=plan_sentences(plan),
            twenty=[
                {
                    "heading": heading,
                    "words": words,
                    "marks": [
                        {"kind": kind, "symbol": symbol}
                        for verdict, count in counts
                        for kind, symbol in [MARKS[verdict]] * count
                    ],
                }
                for heading, words, counts in twenty_trials(plan)
            ],
            legend="▲ worth it   ■ no worthwhile gain, or no difference that matters   □ no gain within a period"
            "   ▼ worse   ○ can’t tell yet",
            person=person_sentence(plan),
            tables=list(plan_tables(plan)),
            counted=counted_sentence(plan),
            how=how_to_get(plan),
            protocol=plan.protocol,
            sha256=plan.protocol_sha256,
            seed=plan.seed,
        )
    )
