"""No page, table, sentence or refusal depends on words inside the name of an arm.

Everything that prints an arm is made for arms whose names mean nothing, and again for invented names which between
them hold every word that the package writes of a trial or looks for (`arm_names`). With the one put in the place of
the other the two must be equal.

Two things follow a name on purpose, where nothing else is known: what an arm of a table without doses is taken for
(`TrialData.supplements`), and that a night on a comparator called just "none", "nothing", "no supplement" or "off" is
one "without".
"""

import re
from dataclasses import replace
from datetime import date, datetime, time
from functools import cache
from html import unescape
from itertools import batched
from zoneinfo import ZoneInfo

import by_hand
import icalendar
import numpy as np
import pandas as pd
import pytest
from arm_names import (
    AT_ONCE,
    BY_HAND,
    LONGEST,
    invented_names,
    plain_names,
    renamed,
    slug,
    squeezed,
    words_of,
)
from paths import PROTOCOLS
from people import pretend_people
from pretend import pretend_trial
from test_cohort_report import material as cohort_material

from n1trial.analysis.checks import Case, checks_table, run_checks, weigh_effects
from n1trial.analysis.effects import estimate_effects
from n1trial.data.diary import DONT_KNOW
from n1trial.data.diary.cells import guess_reader
from n1trial.data.ledger import ledger_lines
from n1trial.data.read_table import read_table
from n1trial.design.blinding import coded_schedule, draw_key, key_from_envelopes
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES
from n1trial.design.protocol import Protocol, read_protocol
from n1trial.design.protocol_text import protocol_lines
from n1trial.design.schedule import randomise
from n1trial.errors import N1TrialError
from n1trial.inference.data_requirements import require_every_arm, require_variation
from n1trial.inference.models import duration
from n1trial.planning import plan_trial
from n1trial.planning.simulate import Truth, diary_text, simulate_nights, write_oura_web_csv
from n1trial.planning.terminal_plan import plan_lines
from n1trial.report import Material, render, shareable
from n1trial.report.content.answers import edition_line
from n1trial.report.render.cohort_report import cohort_lines, render_cohort
from n1trial.report.render.plan_report import plan_page
from n1trial.report.render.terminal_report import answer_lines
from n1trial.report.render.text_report import plain_text
from n1trial.trial_folder import printouts
from n1trial.trial_folder.analysis_data import import_exports
from n1trial.trial_folder.create import make_trial
from n1trial.trial_folder.quality import check_quality, gather_evidence, quality_lines
from n1trial.trial_folder.snapshot import read_trial
from n1trial.trial_folder.tonight import tonight_lines

SLEEP, EFFICIENCY = OUTCOMES["tst_min"], OUTCOMES["se_pct"]
EIGHTS = invented_names()
# By themselves, as names of the reference, these are no arm at all: see above.
THREES = [*batched((name for name in BY_HAND if name not in ("None", "nothing")), 3)]
PLAIN = plain_names(3)
MEANS = (20.0, -20.0, 0.0, 0.0, 2.0, 1.0, 12.0)


def trial_of(names, outcome, *, level, sd):
    """The trial of a table, in which an arm has one name; what each holds is known, and there is a diary."""
    data = pretend_trial(
        arms=tuple(names),
        outcome=outcome,
        effects=dict(zip(names[1:], MEANS, strict=False)),
        level=level,
        sd=sd,
        blocks=4,
        period_nights=2,
        further_contrasts=(Contrast(names[2], names[1]),),
        doses=dict.fromkeys(names, (0.0, 0.0)),
        half_lives={names[1]: 3.0} if outcome is SLEEP else {},
        blinded=True,
        covariates=("alcohol_units",),
    )
    nights = len(data.table)
    guesses = np.random.default_rng(3).integers(0, len(names) + 1, nights)
    return replace(
        data,
        table=data.table.assign(
            taken=1.0,
            taken_at="22:15",
            guess=[(*names, DONT_KNOW)[guess] for guess in guesses],
            device="fitbit",
            grogginess=np.arange(nights) % 5.0,
            alcohol_units=np.arange(nights) % 3.0,
        ),
    )


def with_every_problem(data):
    """The same trial where no dose was taken as planned, one arm has too few periods, and one goes with alcohol."""
    table, arms = data.table, data.arms
    few = (table["arm"] == arms[1]) & (table["block"] > 1)
    return replace(
        data,
        table=table.assign(
            left_out=table["left_out"].mask(few, "no record"),
            taken=table["taken"].mask(table["arm"] != data.reference, 0.0),
            alcohol_units=(table["arm"] == arms[3]).astype(float),
        ),
    )


def material_of(data, *, sd, checks=False, problems=()):
    """A report's inputs, with draws made by hand in the words of a model of the package."""
    outcome = data.outcomes[0]
    fit = replace(
        by_hand.fit(data, outcome, list(MEANS[: len(data.treatments)]), sd, problems=problems),
        assumes=duration.ASSUMES,
        formula=duration.FORMULA,
        priors=dict(duration.priors(data, outcome)),
    )
    effects = estimate_effects(fit, data)
    case = Case(data=data, outcome=outcome, recorders=("a ring", "a watch"))
    results = run_checks(case).results if checks else by_hand.check_results(effects)
    return Material(
        data=data, fits=[fit], effects=[weigh_effects(effects, results)], checks={outcome.name: results}
    )


def texts_of(material):
    """What a trial prints, but the page."""
    effects, outcome = material.effects[0], material.effects[0].outcome
    return {
        "report": plain_text(material),
        "copy to share": plain_text(shareable(material)),
        "terminal": "\n".join(answer_lines(material.data, material.effects)),
        "log": edition_line(material),
        "effects": rows_of(effects.table),
        "checks": rows_of(checks_table(material.checks[outcome.name])),
    }


def rows_of(table):
    return "\n".join(" | ".join(map(str, row)) for row in table.to_numpy().tolist())


def assert_same(made, of_plain_names, plain, names):
    """Assert that texts differ by the names alone."""
    assert [*made] == [*of_plain_names]
    for what, text in of_plain_names.items():
        expected = squeezed(renamed(text, plain, names))
        got = squeezed(made[what])
        at = next(
            (place for place, pair in enumerate(zip(got, expected, strict=False)) if len({*pair}) > 1), 0
        )
        around = slice(max(0, at - 60), at + 60)
        assert got == expected, f"{what} of {names}: …{got[around]}… is not …{expected[around]}…"


@cache
def eight(names):
    return texts_of(material_of(trial_of(names, EFFICIENCY, level=80.0, sd=5.0), sd=1.0))


@cache
def eight_refused(names):
    data = with_every_problem(trial_of(names, EFFICIENCY, level=80.0, sd=5.0))
    return texts_of(
        material_of(data, sd=1.0, problems=("the chains disagree (R-hat 1.083, must be below 1.01)",))
    )


def test_the_names_hold_every_word_and_are_such_as_a_protocol_takes():
    names = [name for of_set in EIGHTS for name in of_set]
    assert {"chains", "magnes", "divergences", "washout", "missing", "verdict", "weekday"} <= words_of(names)
    assert len(set(names)) > 100
    assert max(map(len, names)) <= LONGEST


@pytest.mark.parametrize("made", [eight, eight_refused])
def test_a_report_of_eight_arms_has_the_same_words_whatever_they_are_called(made):
    plain = plain_names(AT_ONCE)
    for names in EIGHTS:
        assert_same(made(names), made(plain), plain, names)


@cache
def three(names):
    return texts_of(material_of(trial_of(names, SLEEP, level=400.0, sd=50.0), sd=9.0, checks=True))


def test_sleep_time_has_the_same_answers_checks_and_bad_nights_whatever_arms_are_called():
    for names in THREES[::5]:
        assert_same(three(names), three(PLAIN), PLAIN, names)


# A protocol, its papers and its folder


@pytest.fixture(autouse=True)
def _one_fingerprint(monkeypatch):
    """Draws are seeded by the protocol's fingerprint, in which the names are: nothing else may hang on them."""
    monkeypatch.setattr(Protocol, "sha256", "5a" * 32)


def protocol_of(labels):
    """The template with three arms of these labels, and six short blocks."""
    template = read_protocol(PROTOCOLS / "glycine-vs-magnesium-glycinate.yaml")
    names = [label.replace("zq", "zr") if label.startswith("zq") else slug(label) for label in labels]
    arms = [
        arm.model_dump() | {"name": name, "label": label}
        for arm, name, label in zip(template.arms, names, labels, strict=True)
    ]
    design = {
        "run_in_nights": 2,
        "blocks": 6,
        "period_nights": 3,
        "never": [{"arm": names[2], "after": names[1]}],
    }
    changed = {
        "arms": arms,
        "reference": names[0],
        "further_contrasts": [{"arm": names[2], "minus": names[1]}],
    }
    return Protocol.model_validate(template.model_dump() | changed | {"design": design, "looks": None})


def assert_same_of_protocol(made, of_plain_names, labels):
    """The same of a protocol, in which an arm has a name and a label."""
    plain, names = (
        (*(arm.label for arm in protocol.arms), *protocol.arm_names)
        for protocol in (protocol_of(PLAIN), protocol_of(labels))
    )
    assert_same(made, of_plain_names, plain, names)


def without_drawings(page):
    """A page with the description of every figure in its place."""
    return unescape(re.sub(r"<svg.*?<desc[^>]*>(.*?)</desc>.*?</svg>", r"\1", page, flags=re.DOTALL))


@cache
def papers(labels):
    protocol = protocol_of(labels)
    schedule = randomise(protocol, start=date(2026, 1, 5), seed="77" * 32)
    key = draw_key(protocol, "77" * 32)
    coded = coded_schedule(schedule, key.arms)
    packing = printouts.packing_html(coded, protocol, key, commitment="c", sealed=False)
    calendar = icalendar.Calendar.from_ical(printouts.calendar_ics(schedule, protocol, bedtime=time(22, 30)))
    return {
        "protocol": "\n".join(protocol_lines(protocol)) + repr(protocol) + unescape(protocol._repr_html_()),
        "schedule": rows_of(schedule.table),
        "document": unescape(printouts.document_html(protocol, schedule=schedule)),
        "sheet": unescape(printouts.sheet_html(schedule, protocol)),
        "packing list": unescape(packing),
        "labels": unescape(printouts.labels_html(coded, protocol)),
        "envelopes": unescape(printouts.envelopes_html(coded, protocol)),
        "calendar": "\n".join(f"{one['summary']}: {one['description']}" for one in calendar.walk("VEVENT")),
    }


def test_the_papers_of_a_protocol_are_the_same_whatever_its_arms_are_called():
    for labels in THREES:
        assert_same_of_protocol(papers(labels), papers(PLAIN), labels)


def plans(labels):
    plan = plan_trial(protocol_of(labels), trials=2)
    return {"terminal": "\n".join(plan_lines(plan)), "page": unescape(plan_page(plan))}


def test_a_plan_is_the_same_whatever_its_arms_are_called():
    labels = ("magnesium-free placebo", "can't tell yet", "worth it; as planned")
    assert_same_of_protocol(plans(labels), plans(PLAIN), labels)


def folder_texts(labels, path):
    """What is printed day by day, and the page of a trial with a protocol."""
    now = datetime.fromisoformat("2026-06-01T09:00+00:00")
    path.mkdir()
    protocol = protocol_of(labels)
    (path / "p.yaml").write_text(protocol.model_dump_json(), encoding="utf-8")
    folder = make_trial(
        path / "trial",
        protocol=path / "p.yaml",
        start=date(2026, 1, 5),
        seed="77" * 32,
        home_zone=ZoneInfo("Europe/Berlin"),
        now=now,
    )
    person = simulate_nights(folder.schedule, Truth(effects_min={protocol.arm_names[1]: 30.0}), seed=4)
    write_oura_web_csv(person, path / "oura.csv")
    import_exports(folder, [path / "oura.csv"], now=now)
    folder.diary.write_text(diary_text(person, folder.protocol), encoding="utf-8")
    trial = read_trial(folder.path, now=now)
    data = replace(trial.data, outcomes=trial.data.outcomes[:1])
    material = replace(material_of(data, sd=9.0), protocol=folder.protocol, diary=trial.diary)
    evenings = [datetime(2026, 1, day, 12, tzinfo=ZoneInfo("UTC")) for day in (5, 8, 12, 15)]
    return {
        "check": "\n".join(quality_lines(check_quality(gather_evidence(trial)))),
        "tonight": "\n".join(
            line for at in evenings for line in tonight_lines(read_trial(folder.path, now=at))
        ),
        "ledger": "\n".join(ledger_lines(data)),
        "history": "\n".join(f"{line.kind} {line.event}" for line in trial.log),
        "page": without_drawings(render(material)),
        "copy to share": plain_text(shareable(material)),
    }


def test_a_folder_says_the_same_from_day_to_day_whatever_its_arms_are_called(tmp_path):
    labels = ("run-in washout missing", "branched-chain amino acids", "dst_ split=2;nap_only")
    plain = folder_texts(PLAIN, tmp_path / "plain")
    assert_same_of_protocol(folder_texts(labels, tmp_path / "invented"), plain, labels)


# Many people, and what is refused


def cohorts(names):
    """The page of a cohort of whom one changed the device with an arm, and one took a single arm."""
    people = pretend_people(6, arms=names, blocks=2)
    tables = [person.data.table for person in people]
    ring = tables[4].assign(device=np.where(tables[4]["arm"] == names[1], "ring", "watch"))
    single = tables[5].assign(arm=names[2])
    people = [
        *people[:4],
        *(
            replace(person, data=replace(person.data, table=table))
            for person, table in zip(people[4:], (ring, single), strict=True)
        ),
    ]
    material = cohort_material(people)
    cohort = material.cohort
    return {
        "page": without_drawings(render_cohort(material)),
        "terminal": "\n".join(
            cohort_lines(material.effects, cohort.labels, cohort.reference, material.companion)
        ),
        "left out": str(cohort.left_out),
    }


def test_the_report_of_many_people_is_the_same_whatever_their_arms_are_called():
    names = ("no record", "the weekday", "the chains disagree")
    assert_same(cohorts(names), cohorts(PLAIN), PLAIN, names)


def refusals(names):
    """What is said where a table, a guess, a key or nights cannot be used."""
    data = trial_of(names, SLEEP, level=400.0, sd=50.0)
    table = data.table[["arm", "tst_min"]]
    same = replace(
        data, table=data.table.assign(tst_min=data.table["arm"].map(dict(zip(names, (1, 2, 3), strict=True))))
    )
    none = replace(
        data, table=data.table.assign(tst_min=data.table["tst_min"].where(data.table["arm"] != names[1]))
    )
    protocol = protocol_of(names)
    tries = (
        lambda: read_table(table, arm="arm", reference="zz", outcome="tst_min"),
        lambda: read_table(none.table[["arm", "tst_min"]], arm="arm", reference=names[0], outcome="tst_min"),
        lambda: read_table(
            table, arm="arm", reference=names[0], outcome="tst_min", labels={names[1]: names[2]}
        ),
        lambda: read_table(
            table, arm="arm", reference=names[0], outcome="tst_min", contrasts=[(names[1], names[0])]
        ),
        lambda: require_every_arm(none, SLEEP),
        lambda: require_variation(same, SLEEP),
        lambda: guess_reader(protocol)("zz"),
        lambda: key_from_envelopes(protocol, [f"A={protocol.arm_names[0]}"]),
    )
    texts = {}
    for number, attempt in enumerate(tries):
        with pytest.raises((N1TrialError, ValueError)) as refused:
            attempt()
        texts[str(number)] = f"{type(refused.value).__name__} {refused.value}"
    return texts


def test_refusals_are_the_same_whatever_arms_are_called():
    expected = refusals(PLAIN)
    for names in THREES:
        assert_same_of_protocol(refusals(names), expected, names)


@pytest.mark.parametrize("number", range(len(EIGHTS)))
def test_a_table_keeps_every_arm_as_it_is_called(number, tmp_path):
    names = EIGHTS[number]
    rows = pd.DataFrame({"who took": np.tile(names, 4), "tst_min": 400.0 + np.arange(4 * AT_ONCE) % 7})
    rows.to_csv(tmp_path / "t.csv", index=False)
    data = read_table(tmp_path / "t.csv", arm="who took", reference=names[0], outcome="tst_min")
    assert (data.arms, data.labels) == (names, dict(zip(names, names, strict=True)))
    assert [*data.table["arm"]] == [*np.tile(names, 4)]
