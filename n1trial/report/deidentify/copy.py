"""The de-identified copy of a report: dates become day numbers, and only fields on an allow-list are kept.

Every object is built anew from the fields that may be shared. A field that a later version adds is left out until it
is added to this module. Free text of the person is never kept.
"""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import pandas as pd
import xarray as xr

from n1trial.analysis.checks import CheckResult, Quantity
from n1trial.analysis.effects import Effect, Effects
from n1trial.data.importers import known_importers
from n1trial.data.left_out import LeftOut
from n1trial.data.nights import Nights
from n1trial.data.trial_data import TrialData
from n1trial.design.protocol import Protocol
from n1trial.design.verdict import Problem, Reason
from n1trial.inference.fit import Fit
from n1trial.inference.inla import SleepDistribution
from n1trial.report.content.dose_timing import BEFORE_SLEEP, nights_with_diary
from n1trial.report.content.inputs import Material
from n1trial.report.content.trial_summary import SIDE_EFFECTS
from n1trial.report.deidentify.names import (
    KNOWN_CONFOUNDERS,
    SharedNames,
    doses_in_copy,
    is_published,
    names_in_copy,
)
from n1trial.report.sentences import (
    SHARED_BROKEN,
    SHARED_HABIT,
    SHARED_NOTE,
    SHARED_PEEKED,
    SHARED_QUESTION,
    SHARED_TITLE,
)

UNKNOWN_DEVICE = "a device"


def shareable(material: Material, *, with_nights: bool = False) -> Material:
    """The inputs of a de-identified report: without dates, places, paths, serial numbers, seeds, notes and free text.

    Parameters
    ----------
    material
        The inputs of the report.
    with_nights
        Whether single nights are kept, by number; else only numbers over several nights.
    """
    protocol, names = material.protocol, names_in_copy(material)
    data = _data(material, names)
    return Material(
        data=data,
        fits=[_fit(fit, material.data, names) for fit in material.fits],
        effects=[_effects(effects, names) for effects in material.effects],
        checks={
            names.outcomes[outcome].name: _checks(results, names, with_nights=with_nights)
            for outcome, results in material.checks.items()
            if outcome in names.outcomes
        },
        protocol=protocol and _protocol(protocol, names),
        devices=_devices(material.devices, names) if with_nights else {},
        single_nights=with_nights,
        shared=True,
    )


def _protocol(protocol: Protocol, names: SharedNames) -> Protocol:
    known = tuple(name for name in protocol.confounders if name in KNOWN_CONFOUNDERS)
    if is_published(protocol):
        return protocol
    # While a trial is sealed its arms are letters, and none of them is an arm of the protocol.
    called = {arm.name: names.arms.get(arm.name, doses_in_copy(arm)) for arm in protocol.arms}
    arms = tuple(
        arm.model_copy(
            update={
                "name": called[arm.name],
                "label": called[arm.name],
                "doses": tuple(dose.model_copy(update={"name": ""}) for dose in arm.doses),
                "instruction": SHARED_HABIT if arm.instruction else "",
            }
        )
        for arm in protocol.arms
    )
    words = {"title": SHARED_TITLE, "question": SHARED_QUESTION, "reason": "", "acknowledged_above_limit": ""}
    named = {"name": "shared", "arms": arms, "reference": called[protocol.reference], "confounders": known}
    own = {"stop_and_ask_a_doctor": (), "cycle": None, "roster": None}
    return protocol.model_copy(update=words | named | own)


def _data(material: Material, names: SharedNames) -> TrialData:
    data = material.data
    nights = nights_with_diary(data, material.diary)
    table = nights[["day", "block", "period"]].assign(
        night=pd.Series(pd.NaT, index=nights.index, dtype="datetime64[s]"),
        arm=nights["arm"].map(names.arms),
        left_out=[LeftOut(reason).value for reason in nights["left_out"]],
        flags="",
        **{new.name: nights[old] for old, new in names.outcomes.items()},
    )
    kept = [name for name in ("taken", BEFORE_SLEEP, *SIDE_EFFECTS, *KNOWN_CONFOUNDERS) if name in nights]
    table[kept] = nights[kept]
    if "guess" in nights:
        meant = dict(names.arms) | {data.labels[arm]: called for arm, called in names.arms.items()}
        table["guess"] = nights["guess"].map(meant)
    if "device" in nights:
        table["device"] = nights["device"].map(_device, na_action="ignore")
    return TrialData(
        table=table,
        arms=tuple(names.arms[arm] for arm in data.arms),
        reference=names.arms[data.reference],
        labels=names.labels,
        further_contrasts=tuple(map(names.contrast, data.further_contrasts)),
        outcomes=tuple(names.outcomes.values()),
        rule=data.rule,
        notes=tuple(_notes(data)),
        covariates=tuple(name for name in data.covariates if name in KNOWN_CONFOUNDERS),
        doses={names.arms[arm]: held for arm, held in data.doses.items() if arm in names.arms},
        habits=tuple(names.arms[arm] for arm in data.habits if arm in names.arms),
        half_lives={
            names.arms[arm]: half_life for arm, half_life in data.half_lives.items() if arm in names.arms
        },
        planned=data.planned,
        blinded=data.blinded,
        peeked=data.peeked,
        sealed=data.sealed,
        blind_broken=SHARED_BROKEN if data.blind_broken else None,
        drawn=data.drawn,
        bad_night_minutes=data.bad_night_minutes,
    )


def _notes(data: TrialData) -> Iterator[str]:
    yield SHARED_NOTE
    if data.peeked:
        yield SHARED_PEEKED
    if data.blind_broken:
        yield SHARED_BROKEN


def _device(name: object) -> str:
    return str(name) if name in known_importers() else UNKNOWN_DEVICE


def _fit(fit: Fit, data: TrialData, names: SharedNames) -> Fit:
    clean = names.clean_of_arms if _of_another_model(fit, data, names) else names.clean
    return replace(
        fit,
        outcome=names.outcomes[fit.outcome.name],
        assumes=clean(fit.assumes),
        formula=clean(fit.formula),
        priors={clean(name): clean(prior) for name, prior in fit.priors.items()},
        posterior=_renamed(fit.posterior, names),
        variants={name: _renamed(each, names) for name, each in fit.variants.items()},
        problems=tuple(clean(problem) for problem in fit.problems),
        data_sha256="",
        seed=0,
    )


def _of_another_model(fit: Fit, data: TrialData, names: SharedNames) -> bool:
    """Whether what a fit says of its model has the name of an arm in it, and is not the program's own text."""
    texts = (fit.assumes, fit.formula, *fit.priors, *fit.priors.values())
    if all(names.clean_of_arms(text) == names.clean(text) for text in texts):
        return False
    # Rarely needed, and PyMC comes with it, for which no report should wait.
    model = importlib.import_module("n1trial.inference.models").models().get(fit.model)
    return model is None or (fit.assumes, fit.formula, dict(fit.priors)) != (
        model.ASSUMES,
        model.FORMULA,
        dict(model.priors(data, fit.outcome)),
    )


def _renamed(posterior: xr.Dataset, names: SharedNames) -> xr.Dataset:
    if "contrast" not in posterior.coords:
        return posterior
    arms = [names.arms[str(arm)] for arm in posterior["contrast"].to_numpy()]
    return posterior.assign_coords(contrast=arms)


def _effects(effects: Effects, names: SharedNames) -> Effects:
    return Effects(
        outcome=names.outcomes[effects.outcome.name],
        contrasts=tuple(_effect(effect, names) for effect in effects.contrasts),
        problems=tuple(_problem(problem, names) for problem in effects.problems),
        distribution=effects.distribution and _distribution(effects.distribution, names),
    )


def _problem(problem: Problem, names: SharedNames) -> Problem:
    return replace(
        problem, words=names.clean(problem.words), names=tuple(names.name(name) for name in problem.names)
    )


def _distribution(distribution: SleepDistribution, names: SharedNames) -> SleepDistribution:
    return SleepDistribution(
        limit_min=distribution.limit_min,
        arms={names.arms[arm]: nights for arm, nights in distribution.arms.items()},
        bad={names.contrast(contrast): change for contrast, change in distribution.bad.items()},
        typical={names.contrast(contrast): change for contrast, change in distribution.typical.items()},
    )


def _effect(effect: Effect, names: SharedNames) -> Effect:
    return replace(
        effect,
        outcome=names.outcomes[effect.outcome.name],
        arm=names.arms[effect.arm],
        comparator=names.arms[effect.comparator],
        reasons=tuple(
            reason if isinstance(reason, Reason) else names.clean_of_arms(reason) for reason in effect.reasons
        ),
    )


def _checks(results: Iterable[CheckResult], names: SharedNames, *, with_nights: bool) -> list[CheckResult]:
    """Every result without its note, which may hold levels, dates and names; extremes are single nights."""
    return [
        replace(
            result,
            check=names.clean(result.check),
            contrast=result.contrast and names.contrast(result.contrast),
            arm=names.arms[result.arm] if isinstance(result.arm, str) else result.arm,
            note="",
            short_note="",
        )
        for result in results
        if {*result.arms} <= {*names.arms} and (with_nights or result.quantity is not Quantity.NIGHTS)
    ]


def _devices(devices: Mapping[str, Nights], names: SharedNames) -> dict[str, Nights]:
    return {
        f"{_device(name)} {place}" if _device(name) == UNKNOWN_DEVICE else name: Nights(
            nights.table[["night", *(old for old in names.outcomes if old in nights.table)]].rename(
                columns={old: new.name for old, new in names.outcomes.items()}
            )
        )
        for place, (name, nights) in enumerate(devices.items(), start=1)
    }
