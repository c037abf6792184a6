"""What a report of many people is written from, whether their nights are here or only their summaries."""

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
    """All that a cohort's report is written from.

    `raw` has each person's own `estimate` and `error` of every `contrast` by `person`; `companion` the
    random-effects average of every contrast; `sensitivity` the averages under other priors of the spread.
    `methods` are paragraphs, `priors` are in words, `modified` has what changes the effects (`property`, `arm`,
    `middle`, `low`, `high`), and `facts` say where the numbers come from. `styles` are by arm. `title` stands over
    the report; empty: what was measured, and of how many.
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
    """The material of people whose nights were fitted together."""
    found = fit.diagnostics
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
            people.COMPANION_OF_NIGHTS,
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
            "draws": f"{found.chains} chains of {found.draws}",
            "largest R-hat": f"{found.max_r_hat:.3f}",
            "least effective draws": f"{min(found.min_ess_bulk, found.min_ess_tail):.0f}",
            "divergences": str(found.divergences),
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
    """The material of people known by their summaries."""
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
            people.COMPANION_OF_SUMMARIES,
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
