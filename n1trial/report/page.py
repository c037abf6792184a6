"""One page for the whole trial: the answer first, the methods folded away at the end.

Plain HTML with its style and pictures inside: no script, no request, the same bytes for the same inputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from n1trial.checks import CheckResult
from n1trial.diary import Diary
from n1trial.effects import INTERVAL_KIND, Effect, Effects
from n1trial.files import write_whole
from n1trial.fit import Fit
from n1trial.protocol import Protocol
from n1trial.report import sentences, tables
from n1trial.report.cent import cent_items
from n1trial.report.figures import (
    Analysis,
    against_reference,
    analysed_differently,
    quantile_dots,
    tomorrow_night,
)
from n1trial.report.figures.calendar import MONTHS, every_night
from n1trial.report.figures.canvas import NARROW, WIDE
from n1trial.report.figures.palette import STYLES, arm_styles, css_variables
from n1trial.report.figures.svg import inline_svg
from n1trial.report.happened import confounders_by_arm, nights_by_arm, side_effects, what_was_done
from n1trial.report.tables import Table
from n1trial.report.text import capitalised, visible
from n1trial.trial import TrialData


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One figure in two widths, what it found in words, and its numbers."""

    title: str
    words: Sequence[str]
    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said about one arm."""

    number: int
    symbol: str
    label: str
    verdict: str
    heading: str
    claim: str
    numbers: str
    keep_taking: str
    how_sure: str
    why_undecided: str


def write_report(
    path: Path,
    *,
    data: TrialData,
    fits: Sequence[Fit],
    effects: Sequence[Effects],
    checks: Mapping[str, Sequence[CheckResult]],
    protocol: Protocol | None,
    diary: Diary | None,
    facts: Mapping[str, str],
) -> None:
    """Write the report to one file, whole or not at all, for its owner's eyes.

    Parameters are those of `render`.

    Raises
    ------
    FolderError
        The file cannot be written.
    """
    page = render(
        data=data, fits=fits, effects=effects, checks=checks, protocol=protocol, diary=diary, facts=facts
    )
    write_whole(path, page)


def render(
    *,
    data: TrialData,
    fits: Sequence[Fit],
    effects: Sequence[Effects],
    checks: Mapping[str, Sequence[CheckResult]],
    protocol: Protocol | None,
    diary: Diary | None,
    facts: Mapping[str, str],
) -> str:
    """The report as HTML.

    Parameters
    ----------
    fits, effects
        One an outcome, in the same order; the first is the outcome that the trial is about.
    checks
        Results by outcome name.
    facts
        Where the numbers come from, as lines of name and value: seeds, fingerprints, exports, amendments.
    """
    fit, main = fits[0], effects[0]
    open_question = not main.problems
    others = [each for each in effects[1:] if not each.problems]
    found = tables.analyses(fit, main, data, checks.get(main.outcome.name, ())) if open_question else []
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            light=Markup(css_variables("light")),
            dark=Markup(css_variables("dark")),
            arm_numbers=range(len(STYLES)),
            title=protocol.title if protocol else f"What changed your {main.outcome.label}?",
            when=_when(data),
            notes=data.notes,
            problems=main.problems,
            steps=sentences.no_verdict(main.problems),
            answers=[_answer(effect, data) for effect in against_reference(main, data)]
            if open_question
            else [],
            picture_a=_dots(main, data) if open_question else None,
            picture_b=_nights(data, compare=open_question),
            tomorrow=_tomorrow(main, data) if open_question and _knows_tomorrow(main, data) else None,
            differently=_differently(found, main, data) if found else None,
            happened=what_was_done(data, diary, protocol),
            nights_by_arm=_by_label(
                tables.frame("Nights by arm", nights_by_arm(data, main.outcome), corner="arm"), data
            ),
            confounders=_confounders(data, diary, protocol),
            guardrails=_guardrails(others, data) + side_effects(data, diary),
            others_found=_others_found(data, protocol),
            cannot_tell=sentences.CANNOT_TELL,
            design=_design(data, protocol),
            rule=_rule(data),
            interval_kind=INTERVAL_KIND,
            fits=fits,
            effects=effects,
            further=_further(effects, data),
            effects_tables=[tables.effects_table(each, data) for each in effects if not each.problems],
            secondary=sentences.secondary_in_words(
                len(effects), sum(len(each.contrasts) for each in effects)
            ),
            without_verdict=[each for each in effects[1:] if each.problems],
            checks=_checks(checks, data),
            diagnostics=tables.diagnostics_table(fits),
            picture_tables=_picture_tables(found, main, data, open_question=open_question),
            cent=cent_items(data, protocol=protocol, diary=diary, facts=facts),
            facts={
                **facts,
                **{f"Version of {name}": number for name, number in fit.versions.items()},
            },
        )
    )


def _environment() -> Environment:
    """Everything that a person or a device wrote is escaped, and its control characters written out."""
    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=PackageLoader("n1trial", "report"),
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
    )


def _when(data: TrialData) -> str:
    nights = data.table["night"].dropna()
    planned = f"{len(data.table)} nights"
    if nights.empty:
        return planned
    first, last = (
        f"{night.day} {MONTHS[night.month - 1]} {night.year}" for night in (nights.min(), nights.max())
    )
    return f"{planned}, {first} to {last}"


def _answer(effect: Effect, data: TrialData) -> Answer:
    style = arm_styles(data)[effect.arm]
    claim, numbers = sentences.claim_and_numbers(effect, data.labels)
    return Answer(
        number=STYLES.index(style),
        symbol=style.symbol,
        label=capitalised(data.labels[effect.arm]),
        verdict=effect.verdict,
        heading=sentences.HEADINGS[effect.verdict],
        claim=claim,
        numbers=numbers,
        keep_taking=sentences.keep_taking(effect, nights=len(data.analysed(effect.outcome))),
        how_sure=sentences.how_sure(effect),
        why_undecided=sentences.why_undecided(effect),
    )


def _picture(name: str, title: str, words: Sequence[str], wide: Figure, narrow: Figure) -> Picture:
    said = " ".join(words)
    return Picture(
        title=title,
        words=words,
        wide=inline_svg(wide, name=f"{name}-wide", title=title, description=said),
        narrow=inline_svg(narrow, name=f"{name}-narrow", title=title, description=said),
    )


def _dots(effects: Effects, data: TrialData) -> Picture:
    return _picture(
        "dots",
        "How big might the difference be?",
        [sentences.dots_in_words(effect, data.labels) for effect in against_reference(effects, data)],
        quantile_dots(effects, data, width=WIDE),
        quantile_dots(effects, data, width=NARROW),
    )


def _nights(data: TrialData, *, compare: bool) -> Picture:
    return _picture(
        "nights",
        "Every night",
        [sentences.means_in_words(data) if compare else sentences.kept_in_words(data)],
        every_night(data, width=WIDE),
        every_night(data, width=NARROW),
    )


def _knows_tomorrow(effects: Effects, data: TrialData) -> bool:
    return any(effect.better_nights is not None for effect in against_reference(effects, data))


def _tomorrow(effects: Effects, data: TrialData) -> Picture:
    said = [sentences.tomorrow(effect, data.labels) for effect in against_reference(effects, data)]
    return _picture(
        "tomorrow",
        "Tomorrow night",
        [sentence for sentence in said if sentence],
        tomorrow_night(effects, data, width=WIDE),
        tomorrow_night(effects, data, width=NARROW),
    )


def _differently(found: Sequence[Analysis], effects: Effects, data: TrialData) -> Picture:
    model = {effect.contrast: effect for effect in against_reference(effects, data)}
    others = [each for each in found if each.name != tables.THE_MODEL]
    inside = sum(model[each.contrast].low <= each.estimate <= model[each.contrast].high for each in others)
    return _picture(
        "differently",
        "Analysed differently",
        [sentences.other_analyses_in_words(inside, len(others))],
        analysed_differently(found, effects, data, width=WIDE),
        analysed_differently(found, effects, data, width=NARROW),
    )


def _by_label(table: Table, data: TrialData) -> Table:
    rows = [[data.labels[row[0]], *row[1:]] for row in table.rows]
    return Table(caption=table.caption, header=table.header, rows=rows)


def _confounders(data: TrialData, diary: Diary | None, protocol: Protocol | None) -> Table | None:
    means = confounders_by_arm(data, diary, protocol)
    if means.empty:
        return None
    table = means.rename(columns=dict(data.labels), index=lambda name: str(name).replace("_", " "))
    return tables.frame("What else went on, mean by arm", table, corner="from the diary")


def _checks(checks: Mapping[str, Sequence[CheckResult]], data: TrialData) -> list[Table]:
    labels = {outcome.name: outcome.label for outcome in data.outcomes}
    return [
        tables.checks_table(results, labels.get(outcome, outcome))
        for outcome, results in checks.items()
        if results
    ]


def _guardrails(others: Sequence[Effects], data: TrialData) -> list[str]:
    return [
        sentences.answer(effect, data.labels) for each in others for effect in against_reference(each, data)
    ]


def _further(effects: Sequence[Effects], data: TrialData) -> list[str]:
    return [
        sentences.answer_compared(effect, data.labels)
        for each in effects
        if not each.problems
        for effect in each.contrasts
        if effect.comparator != data.reference
    ]


def _others_found(data: TrialData, protocol: Protocol | None) -> list[str]:
    if protocol is not None:
        glycine = any(arm.glycine_mg > 0 for arm in protocol.arms)
        magnesium = any(arm.magnesium_mg > 0 for arm in protocol.arms)
    else:
        named = " ".join([*data.arms, *data.labels.values()]).lower()
        glycine, magnesium = "glycin" in named, "magnes" in named
    return [
        said
        for said, held in ((sentences.GLYCINE_FOUND, glycine), (sentences.MAGNESIUM_FOUND, magnesium))
        if held
    ]


def _design(data: TrialData, protocol: Protocol | None) -> list[str]:
    said = [sentences.design_in_words(data)]
    if protocol is not None:
        said.append(f"Question: {protocol.question}")
        for arm in protocol.arms:
            doses = ", ".join(f"{dose.substance} {dose.compound:.0f} mg" for dose in arm.doses)
            held = f"glycine {arm.glycine_mg:.0f} mg, elemental magnesium {arm.magnesium_mg:.0f} mg"
            said.append(f"{capitalised(arm.label)}: {f'{doses}; {held} an evening' if doses else 'no dose'}.")
        said.append(f"Protocol {protocol.name}, SHA-256 {protocol.sha256}.")
    return said


def _rule(data: TrialData) -> list[str]:
    rule = data.rule
    return [
        f"Worth it: chance of any gain {rule.worth_it_p_better:g} or more, and of a worthwhile gain"
        f" {rule.worth_it_p_worthwhile:g} or more.",
        f"Worse: chance of any loss {rule.worse_p_worse:g} or more, and of a loss of that size"
        f" {rule.worse_p_much_worse:g} or more.",
        f"No difference that matters: chance of less either way {rule.no_difference_p_equivalent:g} or more.",
        f"No worthwhile gain: chance of a worthwhile gain {rule.no_gain_p_worthwhile:g} or less, and the"
        f" posterior SD at most {rule.no_gain_sd_ratio:g} of the prior's.",
        "Can’t tell yet: everything else. The first that fits is taken.",
    ]


def _picture_tables(
    found: Sequence[Analysis], effects: Effects, data: TrialData, *, open_question: bool
) -> list[Table]:
    result = [tables.nights_table(data)]
    if open_question:
        result = [tables.dots_table(effects, data), *result]
        if _knows_tomorrow(effects, data):
            result.append(tables.tomorrow_table(effects, data))
        result.append(tables.analyses_table(found, effects.outcome.contrast_unit))
    return result
