"""The de-identified copy: canaries are planted in every input, and none may be in the copy."""

import itertools
import re
from dataclasses import replace

import fixture_reports
import numpy as np
import pandas as pd
import pytest

from n1trial.analysis.checks import ALL_ARMS, CheckResult, Quantity
from n1trial.data.nights import Nights
from n1trial.design.contrast import Contrast
from n1trial.design.protocol import Arm, FurtherContrast, PlannedOutcome
from n1trial.inference.inla import sleep_distribution
from n1trial.report import Material, render, shareable
from n1trial.report.render.text_report import plain_text

STRINGS = [f"canary-{number:02d}-x" for number in range(70)]
# Seven digits, so that none can stand in a page by chance; a night of 1234567 minutes need not be real.
VALUES = [7310001 + 137 * number for number in range(40)]


def planted() -> Material:
    """A trial with a canary in every text and number that a person, a device or a clock has given."""
    string, value = iter(STRINGS), iter(VALUES)
    material = fixture_reports.REPORTS["two-devices"]()
    names = {arm.name: f"{arm.name}-{next(string)}" for arm in material.protocol.arms}
    arms = tuple(
        Arm.model_construct(name=names[arm.name], label=next(string), doses=arm.doses)
        for arm in material.protocol.arms
    )
    protocol = material.protocol.model_copy(
        update={
            "name": next(string),
            "title": next(string),
            "question": next(string),
            "reason": next(string),
            "arms": arms,
            "reference": names["none"],
            "further_contrasts": (FurtherContrast(arm=names["magnesium-glycinate"], minus=names["glycine"]),),
            "outcomes": (
                PlannedOutcome(name="tst_min", primary=True, source=next(string)),
                PlannedOutcome(name="wake_episodes", source=next(string)),
            ),
            "dosing": material.protocol.dosing.model_copy(update={"note": next(string)}),
            "confounders": (next(string), "caffeine_mg"),
            "stop_and_ask_a_doctor": (next(string),),
            "acknowledged_above_limit": next(string),
        }
    )
    labels = {arm.name: arm.label for arm in arms}
    contrasts = {Contrast(*pair): Contrast(*map(names.get, pair)) for pair in itertools.product(names, names)}
    table = material.data.table.assign(
        arm=material.data.table["arm"].map(names),
        flags=next(string),
        device=next(string),
        start=f"2031-07-19T23:17:00+01:00 {next(string)}"[:25],
        guess=next(string),
        taken_at="03:33",
    )
    table.loc[3, "left_out"] = f"missing: {next(string)}"
    for column in ("tst_min", "wake_episodes"):
        table.loc[table.index[-4:-1], column] = [next(value), next(value), next(value)]
        table.loc[table.index[-4:-1], "left_out"] = "no record"
    table[protocol.confounders[0]] = float(next(value))
    table.loc[5, "caffeine_mg"] = np.nan
    outcomes = tuple(
        replace(outcome, label=f"{outcome.label} {next(string)}", source=next(string))
        for outcome in material.data.outcomes
    )
    by_name = {outcome.name: outcome for outcome in outcomes}
    data = replace(
        material.data,
        table=table,
        arms=tuple(names.values()),
        reference=names["none"],
        labels=labels,
        further_contrasts=(Contrast(names["magnesium-glycinate"], names["glycine"]),),
        outcomes=outcomes,
        notes=(next(string), f"{next(string)} {next(value)}"),
        covariates=(protocol.confounders[0],),
        peeked=True,
    )
    fits = [
        replace(
            fit,
            outcome=by_name[fit.outcome.name],
            priors={
                f"effect of {protocol.confounders[0]}": "Normal(0, 1)",
                f"effect of {names['glycine']}": f"Normal(0, 20), {labels[names['glycine']]}",
            },
            formula=f"y ~ {protocol.confounders[0]}",
            posterior=renamed(fit.posterior, names),
            variants={name: renamed(each, names) for name, each in fit.variants.items()},
            data_sha256=next(string),
            seed=next(value),
        )
        for fit in material.fits
    ]
    effects = [
        replace(
            each,
            outcome=by_name[each.outcome.name],
            contrasts=tuple(
                replace(
                    effect,
                    outcome=by_name[each.outcome.name],
                    arm=names[effect.arm],
                    comparator=names[effect.comparator],
                    reasons=(f"you could tell {labels[names[effect.arm]]}",),
                )
                for effect in each.contrasts
            ),
            distribution=sleep_distribution(data, each.outcome),
        )
        for each in material.effects
    ]
    checks = {
        outcome: [
            *(
                replace(
                    result,
                    contrast=contrasts[result.contrast],
                    note=f"{next(value)} of {names['glycine']}",
                    short_note=f"{next(value)} of {names['glycine']}",
                )
                for result in list(results)[:2]
            ),
            CheckResult(
                check="another",
                contrast=Contrast(next(string), "x"),
                note=next(string),
                short_note=next(string),
            ),
            CheckResult(check="missing nights", arm=names["glycine"], estimate=3.0),
            CheckResult(check="blinding", arm=ALL_ARMS, estimate=0.1),
            CheckResult(
                check="posterior predictive, largest",
                estimate=float(VALUES[0]),
                quantity=Quantity.NIGHTS,
            ),
        ]
        for outcome, results in material.checks.items()
    }
    diary = replace(
        material.diary,
        table=material.diary.table.assign(
            side_effects=next(string), notes=f"{next(string)} {next(value)}", guess=next(string)
        ),
    )
    ring = material.devices["oura"].table.assign(device=next(string), end=next(string))
    ring.loc[ring.index[0], "tst_min"] = float(next(value))
    feature = {"statistic": [next(string)], "recorded": [next(value)], "low": [0.0], "high": [1.0]}
    person, funding, ring_name, main_name, clock = (next(string) for _ in range(5))
    ring.loc[ring.index[1], "tst_min"] = float(next(value))
    return Material(
        data=data,
        fits=fits,
        effects=effects,
        checks=checks,
        tables={"tst_min": {"posterior predictive": pd.DataFrame(feature)}},
        protocol=protocol,
        diary=diary,
        about={"person": person, "funding": funding},
        devices={main_name: material.devices["fitbit"], ring_name: Nights(ring)},
        # Whatever is left: file names, places, seeds, fingerprints.
        facts={clock: f"{next(value)}", **{name: name for name in string}},
        earlier=tuple(str(number) for number in value),
    )


def renamed(posterior, names):
    return posterior.assign_coords(contrast=[names[str(arm)] for arm in posterior["contrast"].to_numpy()])


def canaries_in(text: str) -> list[str]:
    """Canaries that are in a text, whole or as a number in another format."""
    bare = re.sub(r"[\s,.\u00a0\u202f]", "", text)
    return [each for each in STRINGS if each in text or each.upper() in text] + [
        str(each) for each in VALUES if str(each) in bare
    ]


@pytest.fixture(scope="module")
def owner() -> Material:
    return planted()


def test_the_owner_s_own_page_shows_the_canaries(owner):
    assert len(canaries_in(render(owner))) >= 40


@pytest.mark.parametrize("with_nights", [False, True])
def test_no_canary_is_in_a_copy_to_share(owner, with_nights):
    copy = shareable(owner, with_nights=with_nights)
    found = canaries_in(render(copy)) + canaries_in(plain_text(copy))
    print(f"{len(STRINGS)} strings and {len(VALUES)} values planted, {len(found)} found")
    if with_nights:
        # Asked for: the nights themselves, under their number.
        found = [each for each in found if not each.isdigit()]
    assert found == []


def test_a_copy_has_no_date_and_no_time_of_the_clock(owner):
    text = plain_text(shareable(owner, with_nights=True))
    assert not re.search(r"20[23]\d-\d\d", text)
    assert not re.search(r"\b\d\d?:\d\d\b", text)
    assert not re.search(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul) 20", text)


def test_a_copy_gives_the_same_answer():
    material = fixture_reports.REPORTS["clear-gain"]()
    copy = shareable(material)
    assert [(each.mean, each.verdict, each.certainty) for each in copy.effects[0].contrasts] == [
        (each.mean, each.verdict, each.certainty) for each in material.effects[0].contrasts
    ]


def test_single_nights_are_in_a_copy_only_when_asked_for():
    material = fixture_reports.REPORTS["clear-gain"]()
    assert "Every planned night" not in render(shareable(material))
    asked = render(shareable(material, with_nights=True))
    assert "Every planned night" in asked
    assert '<th scope="row">night 8</th>' in asked


def test_a_template_keeps_its_own_words_and_another_protocol_is_named_by_its_doses(owner):
    published = plain_text(shareable(fixture_reports.REPORTS["clear-gain"]()))
    assert published.startswith("Nothing, glycine or magnesium glycinate for sleep\n133 nights\n")
    own = plain_text(shareable(owner))
    assert "■ Magnesium bisglycinate 1,419 mg: No difference that matters" in own
    assert "on glycine 3,000 mg" in own


def test_a_table_of_ones_own_is_shared_with_arms_and_outcome_by_letter():
    text = plain_text(shareable(fixture_reports.REPORTS["two-arms-one-outcome"]()))
    assert "Arm B" in text
    assert "glycine" not in text.split("WHAT THIS CANNOT TELL YOU")[0].lower()


@pytest.mark.parametrize("name", fixture_reports.REPORTS)
def test_every_report_has_a_copy_to_share_whatever_its_protocol(name):
    material = fixture_reports.REPORTS[name]()
    assert "This copy was made to be shared" in plain_text(shareable(material))
    if material.protocol is not None:
        own = material.protocol.model_copy(update={"name": "own", "title": "canary", "question": "canary"})
        assert "canary" not in plain_text(shareable(replace(material, protocol=own)))
