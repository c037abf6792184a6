"""The inputs of a cohort's report, from the nights of its people or from their summaries."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from n1trial.cohort import Cohort, CohortEffects, CohortFit
from n1trial.cohort.two_stage import SummaryCohort, TwoStage
from n1trial.design.verdict import INTERVAL
from n1trial.inference.priors import in_words
from n1trial.report.figures.palette import STYLES, ArmStyle, arm_styles
from n1trial.report.sentences import people


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortMaterial:
    """The inputs of a cohort's report.

    Attributes
    ----------
    cohort, effects
        The people, and the effects estimated from them.
    raw
        Each person's own `estimate` and `error` of every `contrast`, by `person`.
    companion
        The random-effects average of every contrast.
    sensitivity
        The averages under other priors of the SD between people.
    methods
        Paragraphs of the methods.
    priors
        Priors in words, by what they are of.
    styles
        Colour and shape, by arm.
    modified
        What changes the effects: `property`, `arm`, `middle`, `low`, `high`.
    facts
        Where the numbers come from, by name.
    title
        Title of the report; empty: the outcome and the number of people.
    """

    cohort: Cohort | SummaryCohort
    effects: CohortEffects
    raw: pd.DataFrame
    companion: pd.DataFrame
    sensitivity: pd.DataFrame
    methods: tuple[str, ...]
    priors: Mapping[str, str]
    styles: Mapping[str, ArmStyle]
    modified: pd.DataFrame = field(default_factory=pd.DataFrame)
    facts: Mapping[str, str] = field(default_factory=dict)
    title: str = ""


def material_of_nights(
    fit: CohortFit,
    effects: CohortEffects,
    *,
    raw: pd.DataFrame,
    companion: pd.DataFrame,
    sensitivity: pd.DataFrame,
    facts: Mapping[str, str],
    title: str = "",
) -> CohortMaterial:
    """The inputs from people whose nights were fitted together."""
    diagnostics = fit.diagnostics
    own = arm_styles(fit.cohort.people[0].data)
    return CohortMaterial(
        cohort=fit.cohort,
        effects=effects,
        raw=raw,
        companion=companion,
        sensitivity=sensitivity,
        methods=(
            fit.assumes,
            f"Model: {fit.model}; {fit.formula}.",
            people.DRAWN_TOGETHER,
            people.RANDOM_EFFECTS_OF_NIGHTS,
        ),
        priors=fit.priors,
        styles={
            **_styles(fit.cohort.treatments),
            **{arm: style for arm, style in own.items() if arm in fit.cohort.treatments},
        },
        modified=_modified(fit),
        title=title,
        facts={
            **facts,
            "draws": f"{diagnostics.chains} chains of {diagnostics.draws}",
            "largest R-hat": f"{diagnostics.max_r_hat:.3f}",
            "least effective draws": f"{min(diagnostics.min_ess_bulk, diagnostics.min_ess_tail):.0f}",
            "divergences": str(diagnostics.divergences),
            "seed": str(fit.seed),
            "versions": ", ".join(f"{name} {version}" for name, version in fit.versions.items()),
        },
    )


def material_of_summaries(
    pooled: TwoStage,
    effects: CohortEffects,
    *,
    companion: pd.DataFrame,
    sensitivity: pd.DataFrame,
    facts: Mapping[str, str],
) -> CohortMaterial:
    """The inputs from the summaries of people."""
    return CohortMaterial(
        cohort=pooled.cohort,
        effects=effects,
        raw=pooled.raw,
        companion=companion,
        sensitivity=sensitivity,
        methods=(
            people.TWO_STAGES,
            people.ERROR_OF_TWO_STAGES,
            people.DRAWN_TOGETHER,
            people.RANDOM_EFFECTS_OF_SUMMARIES,
        ),
        priors=in_words(pooled.priors, scale=pooled.scale, unit=pooled.cohort.outcome.unit),
        styles=_styles(pooled.cohort.treatments),
        facts={
            **facts,
            "draws": str(len(pooled.draws.average)),
            "Pareto’s k": f"{pooled.pareto_k:.2f}",
            "seed": str(pooled.seed),
        },
    )


def _styles(treatments: tuple[str, ...]) -> dict[str, ArmStyle]:
    return {arm: STYLES[1 + number % (len(STYLES) - 1)] for number, arm in enumerate(treatments)}


def _modified(fit: CohortFit) -> pd.DataFrame:
    if "modified" not in fit.posterior:
        return pd.DataFrame()
    tails = fit.posterior["modified"].quantile(
        [(1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2], ("chain", "draw")
    )
    rows = []
    for name in fit.cohort.modifiers.columns:
        for arm in fit.cohort.treatments:
            low, middle, high = tails.sel(modifier=name, contrast=arm).to_numpy()
            rows.append({"property": str(name), "arm": arm, "middle": middle, "low": low, "high": high})
    return pd.DataFrame(rows)
