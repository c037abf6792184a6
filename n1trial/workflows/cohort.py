"""The analysis of many people: trial folders, a long table or summaries become one answer.

No statistics here: these functions call `cohort` and `report` in turn and write the files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from n1trial.analysis.fit_file import save_draws
from n1trial.cohort import (
    CohortEffects,
    CohortFit,
    Person,
    classical_average,
    estimate_cohort,
    fit_cohort,
    gather,
    spread_sensitivity,
)
from n1trial.cohort.random_effects import average_of
from n1trial.cohort.two_stage import (
    TwoStage,
    estimate_pooled,
    pool,
    read_summary,
    save_summary,
    summaries_of,
)
from n1trial.data.trial_data import TrialData
from n1trial.errors import CohortError
from n1trial.inference.fit import OnStage
from n1trial.report.content.cohort_inputs import CohortMaterial, material_of_nights, material_of_summaries
from n1trial.report.deidentify.cohort import shared_cohort
from n1trial.report.render.cohort_report import write_cohort
from n1trial.report.render.outputs import SHARE_NAME
from n1trial.system.files import results_folder, write_whole
from n1trial.system.parallel import OnDone
from n1trial.trial_folder.snapshot import read_trial

SAMPLER_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortAnalysis:
    """A cohort's fit, its answers, and what its report was written from.

    Attributes
    ----------
    fit : CohortFit
        Draws of the model of all nights.
    effects : CohortEffects
        Averages, spread between people, and each person's effect.
    material : CohortMaterial
        What the report was written from.
    """

    fit: CohortFit
    effects: CohortEffects
    material: CohortMaterial


def people_of_folders(paths: Sequence[Path], *, now: datetime) -> list[Person]:
    """The trials of folders that are over and whose arms have names, each under the name of its folder.

    Parameters
    ----------
    paths : sequence of Path
        Trial folders, each given once.
    now : datetime
        An aware moment, by which a trial is over or not.

    Returns
    -------
    list of Person
        In the order of `paths`.

    Raises
    ------
    CohortError
        A folder is given twice, or its trial still runs.
    FolderError
        One of them is no trial folder.
    """
    resolved = [path.resolve() for path in paths]
    for number, path in enumerate(resolved):
        if path in resolved[:number]:
            raise CohortError(f"{paths[number]}: given twice: give every person's folder once")
    names = [path.name for path in resolved]
    people = []
    for given, path in zip(paths, resolved, strict=True):
        trial = read_trial(path, now=now)
        if trial.folder.sealed:
            raise CohortError(f"{given}: the arms are still hidden: open the key with n1trial unblind")
        if trial.evening <= trial.last_night:
            raise CohortError(
                f"{given}: the trial runs until {trial.last_night}: wait for its end, or leave the folder out"
            )
        # Folders of one name in several places keep as much of the path as tells them apart.
        name = path.name if names.count(path.name) == 1 else str(given)
        people.append(Person(name=name, data=trial.data))
    return people


def analyse_people(
    people: Sequence[Person] | Mapping[str, TrialData],
    out: Path,
    *,
    on_stage: OnStage,
    outcome: str | None = None,
    mid: float | None = None,
    modifiers: pd.DataFrame | None = None,
    prior_width: float = 1.0,
    title: str | None = None,
    facts: Mapping[str, str] = {},
    sampler_seed: int = SAMPLER_SEED,
    share: bool = False,
) -> CohortAnalysis:
    """Analyse people together; write `cohort.csv`, `people.csv`, `companion.csv`, `fit.nc`, `report.html` into `out`.

    Parameters
    ----------
    people
        Each with a name and nights; or nights by name.
    out
        Folder for the files.
    on_stage
        Called with the outcome's name and the stage that begins.
    outcome
        Its name; None: the first person's primary one.
    mid, modifiers
        As `cohort.gather` takes them.
    prior_width
        As `cohort.fit_cohort` takes it.
    title
        Of the report; None: what was measured, and of how many people.
    facts
        Where the nights come from, as lines of name and value.
    sampler_seed
        Of the sampler.
    share
        Whether to write `report-to-share.html` too, in which people have numbers instead of names.

    Raises
    ------
    CohortError
        The people cannot be put together.
    """
    if isinstance(people, Mapping):
        people = [Person(name=name, data=data) for name, data in people.items()]
    if not people:
        raise CohortError("cohort: nobody was given: name two trial folders or more")
    asked = outcome or people[0].data.outcomes[0].name
    cohort = gather(people, asked, mid=mid, modifiers=modifiers)
    fit = fit_cohort(
        cohort, seed=sampler_seed, prior_width=prior_width, stage=lambda stage: on_stage(asked, stage)
    )
    effects = estimate_cohort(fit)
    raw, companion = classical_average(cohort)
    material = material_of_nights(
        fit,
        effects,
        raw=raw,
        companion=companion,
        sensitivity=spread_sensitivity(
            effects,
            fit.posterior["spread"].to_numpy().reshape(-1, fit.posterior.sizes["contrast"]),
            scale=fit.spread_prior,
        ),
        facts=facts,
        title=title or "",
    )
    _write(out, material, seed=sampler_seed, share=share)
    save_draws(out / "fit.nc", {"posterior": fit.posterior})
    return CohortAnalysis(fit=fit, effects=effects, material=material)


def _write(out: Path, material: CohortMaterial, *, seed: int, share: bool) -> None:
    """Tables and report; to share, a report without names, and no table beside it."""
    results_folder(out)
    tables = {
        "cohort": material.effects.table.assign(seed=seed),
        "people": material.effects.people,
        "companion": material.companion,
    }
    for name, table in tables.items():
        write_whole(out / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    write_cohort(out / "report.html", material)
    if share:
        write_cohort(out / SHARE_NAME, shared_cohort(material))


def summarise_folders(
    paths: Sequence[Path],
    out: Path,
    *,
    now: datetime,
    outcome: str | None = None,
    scheduler: str | None = None,
    sampler_seed: int = SAMPLER_SEED,
    on_done: OnDone = lambda done, of: None,
) -> tuple[list[Path], dict[str, str]]:
    """Fit finished trials anew, each by itself and with draws enough to pool; write their summaries.

    Parameters
    ----------
    paths, now
        As `people_of_folders` takes them.
    out
        A folder, in which every file has the name of its person; or, of one trial, a JSON file.
    scheduler
        Address of a Dask scheduler whose workers fit; None: processes of this machine.
    on_done
        Called with how many trials are fitted, of how many.

    Returns
    -------
    The files, and by name why anybody has none.

    Raises
    ------
    CohortError
        Nobody has a summary, or `people_of_folders` refuses somebody.
    """
    summaries, left_out = summaries_of(
        people_of_folders(paths, now=now),
        seed=sampler_seed,
        outcome=outcome,
        scheduler=scheduler,
        on_done=on_done,
    )
    if not summaries:
        raise CohortError("; ".join(f"{name} has no summary: {why}" for name, why in left_out.items()))
    if out.suffix == ".json":
        files = [out]
    else:
        results_folder(out)
        # Folders of one name have their paths in the names of their files.
        files = [out / f"{name.strip('./').replace('/', '-')}.json" for name in summaries]
    for file, summary in zip(files, summaries.values(), strict=True):
        save_summary(file, summary)
    return files, left_out


def pool_summaries(
    paths: Sequence[Path], out: Path, *, sampler_seed: int = SAMPLER_SEED, share: bool = False
) -> tuple[TwoStage, CohortEffects, pd.DataFrame]:
    """Pool summary files, each under the name of its file; write the same into `out` as `analyse_people` does.

    Returns
    -------
    The pooled draws, the answers, and the classical averages beside them.
    """
    names = [path.stem for path in paths]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise CohortError(f"{twice}: two files of this name: give every person's once, each under a name")
    pooled = pool({path.stem: read_summary(path) for path in paths}, seed=sampler_seed)
    effects = estimate_pooled(pooled)
    companion = average_of(pooled.raw)
    material = material_of_summaries(
        pooled,
        effects,
        companion=companion,
        sensitivity=spread_sensitivity(effects, pooled.draws.spread, scale=pooled.spread_prior),
        facts={"summaries": str(len(paths))},
    )
    _write(out, material, seed=sampler_seed, share=share)
    return pooled, effects, companion


def read_properties(path: Path) -> pd.DataFrame:
    """A table of what may change people's effects: a column `person`, and one for each property.

    Raises
    ------
    CohortError
        No such file, no column `person`, or a person twice.
    """
    try:
        table = pd.read_csv(path, dtype={"person": str})
    except (OSError, ValueError) as error:
        raise CohortError(f"{path}: cannot be read ({error}): give a CSV with a column person") from error
    if "person" not in table or len(table.columns) < 2:
        raise CohortError(f"{path.name}: needs a column person and one property or more: add them")
    if table["person"].duplicated().any():
        twice = table.loc[table["person"].duplicated(), "person"].iloc[0]
        raise CohortError(f"{path.name}: {twice} stands twice: give every person one row")
    return table.set_index("person")
