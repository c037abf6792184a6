"""The report as a browser shows it: readable by everybody, still, small, and never more than a page."""

import re
import shutil
import subprocess
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import by_hand
import chromium
import fixture_reports
import pytest
from payloads import PAYLOADS
from people import WAKES, pretend_people
from test_cohort_report import material as cohort_material

from n1trial.analysis.checks import CheckResult
from n1trial.design.contrast import Contrast
from n1trial.design.verdict import Problem
from n1trial.report import Material, render, shareable
from n1trial.report.render.cohort_report import render_cohort

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.CHROMIUM is None, reason="no chromium on this machine"),
]
PHONE, DESK = 390, 900
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with chromium.browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Every fixture report as a file, and one as a copy to share."""
    folder = tmp_path_factory.mktemp("pages")
    materials = {name: make() for name, make in fixture_reports.REPORTS.items()}
    materials["shared"] = shareable(materials["clear-gain"], with_nights=True)
    for name, material in materials.items():
        (folder / f"{name}.html").write_text(render(material), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in materials}


@pytest.fixture(scope="module")
def all_pages(pages, tmp_path_factory):
    """The reports of one person and, of many people, one of minutes, one of counts and one that is refused."""
    folder = tmp_path_factory.mktemp("cohorts")
    people = pretend_people(24, blocks=2)
    made = {
        "cohort": cohort_material(people),
        "cohort-wakes": cohort_material(pretend_people(8, outcome=WAKES, blocks=2), WAKES),
        "cohort-refused": cohort_material(people, problems=("the chains disagree",)),
    }
    for name, material in made.items():
        (folder / f"{name}.html").write_text(render_cohort(material), encoding="utf-8")
    return pages | {name: folder / f"{name}.html" for name in made}


def open_with_methods(tab, path: Path, **how) -> None:
    tab.open(path, **how)
    assert tab.value("document.querySelector('details').open = true")


def test_axe_finds_no_violation_in_any_report_in_either_scheme(tab, all_pages):
    pytest.importorskip("axe_selenium_python", reason="axe is in the dependency group browser")
    source = files("axe_selenium_python") / "node_modules" / "axe-core" / "axe.min.js"
    axe = source.read_text(encoding="utf-8")
    found, passed = [], 0
    for (name, path), scheme, width in (
        (item, scheme, width)
        for item in all_pages.items()
        for scheme, width in (("light", DESK), ("dark", PHONE))
    ):
        open_with_methods(tab, path, width=width, scheme=scheme)
        tab.value(axe)
        result = tab.value(RUN_AXE)
        passed += result["passes"]
        found += [f"{name}, {scheme}, {width} px: {each}" for each in result["violations"]]
    print(f"axe on {len(all_pages)} reports, light and dark: {passed} rules passed, {len(found)} violations")
    assert passed > 15 * 2 * len(all_pages)
    assert found == []


RUN_AXE = """
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(found => ({
  passes: found.passes.length,
  violations: found.violations.map(each => each.id + ": " + each.nodes.map(node => node.html.slice(0, 120))),
}))
"""


def test_a_phone_shows_every_report_without_sideways_scroll_request_or_complaint(tab, all_pages, tmp_path):
    odd = {
        "hostile": by_hand.with_labels(by_hand.undecided(), by_hand.HOSTILE).material(),
        "long": by_hand.with_labels(by_hand.decided(), "x" * 60).material(),
    }
    for name, material in odd.items():
        (tmp_path / f"{name}.html").write_text(render(material), encoding="utf-8")
    for path in (*all_pages.values(), *(tmp_path / f"{name}.html" for name in odd)):
        for scheme in ("light", "dark"):
            tab.open(path, width=PHONE, scheme=scheme)
            assert tab.value("document.documentElement.scrollWidth") == PHONE
            open_with_methods(tab, path, width=PHONE, scheme=scheme)
            assert tab.value("document.documentElement.scrollWidth") == PHONE
            assert tab.value("document.scripts.length") == 0
            smallest = tab.value(SMALLEST_TEXT)
            # A refused cohort has no picture.
            assert smallest is None or smallest >= 11
            assert tab.requests() == []
            assert tab.complaints() == []


# Height of the font of every text of a visible picture, as it stands on the screen.
SMALLEST_TEXT = """
Math.min(...[...document.querySelectorAll('.narrow svg text')].map(text =>
  parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a))
"""


def test_the_first_screen_says_whether_how_sure_and_why(tab, pages):
    for name in ("no-effect-but-wide", "clear-gain", "worse", "blind-broken", "means-apart-and-slow"):
        tab.open(pages[name], width=PHONE)
        seen = tab.value(FIRST_SCREEN)
        assert "Should I keep taking it?" in seen
        assert "How sure, and why" in seen, name
        # Further reasons may lie a little below the foot of the screen, but not the first line of them.
        assert tab.value(FOOT_OF_FIRST_REASON) <= 844, name
        verdicts = [line for line in seen.splitlines() if re.match("[▲■] .*: ", line)]
        assert len(verdicts) == 2, name
        assert all(line.endswith(("Can’t tell yet", "certainty)")) for line in verdicts), name
    tab.open(pages["gate-failed"], width=PHONE)
    seen = tab.value(FIRST_SCREEN)
    for said in (
        "No answer yet",
        "What stood in the way",
        "the chains disagree",
        "an answer about any arm",
    ):
        assert said in seen


# Text of everything that ends above the foot of a phone's first screen.
FIRST_SCREEN = """
[...document.querySelectorAll('h1, h2, h3, p, li, dt, dd')]
  .filter(each => each.getBoundingClientRect().bottom <= 844).map(each => each.innerText).join('\\n')
"""


# Where the first line under "How sure, and why not surer" ends.
FOOT_OF_FIRST_REASON = """
(() => {
  const reason = document.querySelector('.so').lastElementChild, line = document.createRange();
  line.setStart(reason.firstChild, 0);
  line.setEnd(reason.firstChild, 1);
  return line.getBoundingClientRect().bottom;
})()
"""


def infested(payload: str) -> Material:
    """A small report with one text in every field that a person, a device or a file can fill."""
    given = by_hand.inputs([24.0], 9.0, blocks=2, period_nights=3, run_in=1)
    material = given.material(
        protocol=fixture_reports.PROTOCOL, diary=by_hand.diary(given.data, said=payload)
    )
    table = given.data.table.assign(device=payload, flags=payload)
    table.loc[2, "left_out"] = f"missing: {payload}"
    outcomes = tuple(
        replace(each, label=payload, unit=payload, source=payload) for each in given.data.outcomes
    )
    data = replace(
        given.data,
        table=table,
        labels=dict.fromkeys(given.data.arms, payload),
        outcomes=outcomes,
        notes=(payload,),
    )
    fits = [
        replace(
            fit,
            outcome=outcome,
            assumes=payload,
            formula=payload,
            priors={payload: payload},
            versions={payload: payload},
        )
        for fit, outcome in zip(material.fits, outcomes, strict=True)
    ]
    effects = [
        replace(
            each,
            outcome=outcome,
            problems=(Problem("sampler", payload),) if number else (),
            contrasts=tuple(
                replace(effect, outcome=outcome, reasons=(payload,)) for effect in each.contrasts
            ),
        )
        for number, (each, outcome) in enumerate(zip(material.effects, outcomes, strict=True))
    ]
    check = CheckResult(
        check=payload, contrast=Contrast("glycine", "none"), estimate=1.0, low=0.0, high=2.0, note=payload
    )
    arms = tuple(arm.model_copy(update={"label": payload}) for arm in fixture_reports.PROTOCOL.arms)
    words = dict.fromkeys(("title", "question", "reason", "acknowledged_above_limit"), payload)
    return replace(
        material,
        data=data,
        fits=fits,
        effects=effects,
        checks={"tst_min": [check]},
        tables={"tst_min": {"posterior predictive": fixture_reports.FEATURES.assign(statistic=payload)}},
        protocol=fixture_reports.PROTOCOL.model_copy(
            update=words | {"arms": arms, "confounders": (payload,)}
        ),
        facts={payload: payload, f"protocol {payload}": payload},
        about=dict.fromkeys(("person", "setting", "funding"), payload),
        earlier=(payload,),
    )


def test_two_hundred_payloads_in_every_text_field_stay_text(tab, tmp_path):
    dialogs = scripts = requests = handlers = 0
    for number, payload in enumerate(PAYLOADS):
        path = tmp_path / f"{number}.html"
        path.write_text(render(infested(payload)), encoding="utf-8")
        open_with_methods(tab, path, width=DESK)
        dialogs += sum(
            each["method"] == "Page.javascriptDialogOpening" for each in tab.events if "method" in each
        )
        scripts += tab.value("document.querySelectorAll('script, iframe, object, embed, form, base').length")
        handlers += tab.value(HANDLERS)
        requests += len(tab.requests())
    print(
        f"{len(PAYLOADS)} payloads in every text field: {dialogs} dialogs, {scripts} script nodes,"
        f" {handlers} handlers, {requests} requests"
    )
    assert len(PAYLOADS) == len({*PAYLOADS}) == 200
    assert (dialogs, scripts, handlers, requests) == (0, 0, 0, 0)


HANDLERS = """
[...document.querySelectorAll('*')].filter(node => [...node.attributes].some(
  each => each.name.startsWith('on') || /^\\s*javascript:/i.test(each.value))).length
"""


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext (poppler-utils) on this machine")
def test_a_printed_report_has_the_methods_only_where_they_were_opened(tab, all_pages, tmp_path):
    path = all_pages["clear-gain"]
    printed = {}
    for opened in (False, True):
        tab.open(path, width=DESK)
        if opened:
            tab.value("document.querySelector('details').open = true")
        tab.pdf(tmp_path / "page.pdf")
        printed[opened] = subprocess.run(
            ["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True
        ).stdout
    assert "How the sampler did" not in printed[False]
    assert "How the sampler did" in printed[True]
    first_sheet = plain(printed[False].split("\f")[0])
    for arm in ("Glycine", "Magnesium glycinate"):
        assert plain(arm) in first_sheet
    assert first_sheet.count(plain("Should I keep")) == 2


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext (poppler-utils) on this machine")
def test_a_printed_report_with_its_methods_cuts_no_figure(tab, all_pages, tmp_path):
    figures = 0
    for name, path in all_pages.items():
        tab.open(path, width=DESK)
        tab.value("[...document.querySelectorAll('details')].map(each => each.open = true)")
        tab.pdf(tmp_path / f"{name}.pdf")
        text = subprocess.run(
            ["pdftotext", tmp_path / f"{name}.pdf", "-"], capture_output=True, text=True, check=True
        ).stdout
        sheets = [plain(sheet) for sheet in text.split("\f")]
        opened = "Priors, before any night" if "cohort" in name else "How the sampler did"
        if name != "cohort-refused":
            assert any(plain(opened) in sheet for sheet in sheets)
        for drawn in re.findall(
            r'<div class="wide">(<svg.*?</svg>)', path.read_text(encoding="utf-8"), re.DOTALL
        ):
            words = [
                plain("".join(each.itertext())) for each in ElementTree.fromstring(drawn).iter(f"{SVG}text")
            ]
            assert any(all(word in sheet for word in words) for sheet in sheets), (name, words)
            figures += 1
    print(f"{len(all_pages)} reports printed, {figures} figures, each whole on one sheet")


def plain(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_every_page_is_at_most_500_kb(all_pages):
    sizes = {name: path.stat().st_size for name, path in all_pages.items()}
    print(f"the largest page: {max(sizes.values()) / 1000:.0f} kB")
    assert max(sizes.values()) <= 500_000
