import re
import stat
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import by_hand
import fixture_reports
import numpy as np
import pytest
from markupsafe import escape
from paths import PROTOCOLS

from n1trial.design.protocol import read_protocol
from n1trial.design.verdict import Problem
from n1trial.markup.text import visible
from n1trial.report import Material, render, write_report
from n1trial.report.content import tables
from n1trial.report.content.content import report_content
from n1trial.report.content.trial_summary import confounders_by_arm

PROTOCOL = read_protocol(PROTOCOLS / "glycine-vs-magnesium-glycinate.yaml")
VOID = {"meta", "link", "br"}


def with_protocol(given: by_hand.Inputs) -> Material:
    return given.material(protocol=PROTOCOL, diary=by_hand.diary(given.data))


class Outline(HTMLParser):
    """Tags with their attributes, and the text of the page; says when a tag is left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._open = "", []
        self.feed(page)
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not self._open or self._open[-1] != "style":
            self.text += data

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def decided() -> str:
    return render(with_protocol(by_hand.decided()))


def test_all_twelve_blocks_are_there(decided):
    asked = re.findall(r"<dt>(.*?)</dt>", decided)
    assert asked[:2] == ["Should I keep taking it?", "How sure, and why not surer"]
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", decided)
    assert headings == [
        "The answer",
        "How big might the difference be?",
        "Bad nights and ordinary ones",
        "Every night",
        "Tomorrow night",
        "What happened",
        "Did anything else change?",
        "What others found",
        "What this cannot tell you",
        "Methods and all numbers",
    ]


def test_the_answer_comes_first(decided):
    text = Outline(decided).text.replace("\u00a0", " ")
    assert text.index("Magnesium glycinate probably lengthened your sleep") < text.index("How big might")
    assert "Worth it" in text


def test_the_page_can_be_read_by_a_screen_reader(decided):
    outline = Outline(decided)
    assert outline.named("html") == [{"lang": "en"}]
    assert len(outline.named("h1")) == len(outline.named("main")) == 1
    assert len(outline.named("title")) == len(outline.named("svg")) + 1
    identities = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(identities) == len(set(identities))
    for svg in outline.named("svg"):
        assert svg["role"] == "img"
        assert all(name in identities for name in svg["aria-labelledby"].split())
    assert len(outline.named("table")) == len(outline.named("caption"))
    assert all(attributes.get("scope") in ("row", "col") for attributes in outline.named("th"))
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_picture_says_its_finding_and_has_its_table(decided):
    assert len(re.findall(r"<desc[^>]*>[^<]{20,}</desc>", decided)) == decided.count("<svg")
    captions = re.findall(r"<caption>(.*?)</caption>", decided)
    for caption in (
        "The fifty marks of every arm",
        "Every planned night",
        "Tomorrow night: of 100 nights",
        "The mean of every period",
        "Analysed differently",
        "Before and after the nights",
    ):
        assert caption in captions


def test_no_script_no_request_no_handler(decided):
    outline = Outline(decided)
    assert not {"script", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in outline.tags}
    for _, attributes in outline.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "action"):
            assert str(attributes.get(name, "#")).startswith(("#", "data:"))
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in decided
    assert "url(" not in decided
    assert "@import" not in decided


def test_a_page_is_small_even_after_two_years():
    page = render(by_hand.inputs([5.0, 9.0], 9.0, blocks=34).material())
    assert len(page.encode()) <= 500_000


def test_the_same_inputs_give_the_same_bytes(decided):
    assert render(with_protocol(by_hand.decided())) == decided


def test_a_failed_gate_shows_the_problem_and_no_result():
    text = Outline(render(with_protocol(by_hand.gate_failed()))).text
    assert "No answer yet" in text
    assert "the chains disagree (R-hat 1.083" in text
    assert "Run the analysis once more" in text
    for said in (
        "lengthened",
        "spared you",
        "Chance it is worth having",
        "of 50",
        "Of 100 nights",
        "Plain means",
    ):
        assert said not in text


def test_an_open_question_says_the_nights_and_never_no_effect():
    text = Outline(render(with_protocol(by_hand.undecided()))).text
    assert "Can’t tell yet" in text
    assert "might settle it" in text
    assert "no effect" not in text.lower()
    assert "significant" not in text.lower()


def test_p_values_stay_in_the_methods(decided):
    first, methods = decided.split('<details class="methods">')
    assert not re.search(r"\bp\b ?[=<]", Outline(first.split("</main>")[0] + "</main></body></html>").text)
    assert '<th scope="col">p</th>' in methods


@pytest.mark.parametrize(
    ("arms", "outcomes"),
    [
        (2, ("tst_min",)),
        (3, ("wake_episodes_all", "sol_min", "tst_min")),
        (4, ("waso_min",)),
        (5, ("tst_min", "wake_episodes")),
    ],
)
def test_any_trial_gives_a_page(arms, outcomes):
    given = by_hand.inputs([30.0, 10.0, -20.0, 2.0][: arms - 1], 8.0, outcomes=outcomes, dated=arms != 2)
    outline = Outline(render(given.material()))
    assert ("Tomorrow night" in outline.text) == (not outcomes[0].startswith("wake"))


def test_wake_episodes_never_recorded_are_shown_as_such():
    given = by_hand.decided()
    given.data.table["wake_episodes"] = np.nan
    page = render(replace(given.material(), fits=given.fits[:1], effects=given.effects[:1]))
    assert "not recorded" in Outline(page).text


def test_a_secondary_outcome_that_failed_its_gate_is_named_without_a_result():
    given = by_hand.decided()
    failed = replace(given.effects[1], problems=(Problem("sampler", "the sampler moved too slowly"),))
    text = Outline(render(replace(given.material(), effects=(given.effects[0], failed)))).text
    assert "No verdict on wake episodes of 5 minutes or more: the sampler moved too slowly" in text
    assert "spared you" not in text


def test_what_people_and_devices_wrote_is_shown_literally():
    given = by_hand.with_labels(by_hand.decided(), by_hand.HOSTILE)
    arms = tuple(arm.model_copy(update={"label": by_hand.HOSTILE}) for arm in PROTOCOL.arms)
    protocol = PROTOCOL.model_copy(
        update={"title": by_hand.HOSTILE, "question": by_hand.HOSTILE, "arms": arms}
    )
    diary = by_hand.diary(given.data, said=by_hand.HOSTILE)
    material = replace(
        given.material(protocol=protocol, diary=diary), facts={by_hand.HOSTILE: by_hand.HOSTILE}
    )
    outline = Outline(render(material))
    assert not outline.named("script")
    assert visible(by_hand.HOSTILE) in outline.text
    assert "\x01" not in outline.text
    assert "\u202e" not in outline.text


def test_notes_on_the_nights_stand_in_the_open():
    note = "2026-02-03 stands 2 times (412 and 388): every row is analysed as its own night"
    page = render(by_hand.decided(notes=(note,)).material())
    assert page.index(note) < page.index("<details")


def test_the_report_is_written_whole_and_for_its_owner(tmp_path):
    path = tmp_path / "report.html"
    write_report(path, by_hand.decided().material())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert list(tmp_path.iterdir()) == [path]


def test_doses_are_timed_against_the_start_of_sleep():
    given = by_hand.decided()
    table = given.data.table
    table["start"] = [f"{night:%Y-%m-%d}T23:30:00+01:00" for night in table["night"]]
    text = Outline(render(with_protocol(given))).text.replace("\u00a0", " ")
    assert re.search(r"taken about \d\d min before sleep began", text)


def test_while_the_arms_are_hidden_they_are_letters_and_there_is_no_answer():
    page = render(fixture_reports.REPORTS["sealed"]())
    before_methods = Outline(
        page.split('<section aria-labelledby="others">')[0] + "</main></body></html>"
    ).text
    assert "open the key" in before_methods
    assert "Nights by arm" in before_methods
    for said in ("glycine,", "on glycine", "Worth it", "Plain means", "Tomorrow night"):
        assert said not in before_methods


def test_a_blind_that_broke_is_said_and_lowers_certainty():
    text = Outline(render(fixture_reports.REPORTS["blind-broken"]())).text
    assert "An answer would be less sure, too, because what was hidden from you came out" in text
    assert "is more than chance: you could often tell" in text
    assert "what was hidden came out before the end" in text


def test_a_trial_that_ended_early_says_on_how_many_nights_nothing_is_known():
    text = Outline(render(fixture_reports.REPORTS["stopped-early"]())).text
    assert "Nothing was recorded on the last 42 planned nights: the trial ended early." in text


def test_the_verdicts_on_other_outcomes_stand_at_the_top():
    material = fixture_reports.REPORTS["clear-gain"]()
    others = report_content(material).other_verdicts
    assert len(others) == len(material.effects) - 1
    page = render(material)
    for said in others:
        assert page.index(escape(said)) < page.index('id="answer"')


def test_numbers_on_the_page_have_no_false_digits():
    assert tables.difference(0.00582) == "0.01"
    assert tables.difference(-0.004) == "0"
    assert tables.difference(23.14) == "23.1"
    assert tables.difference(-26.4523) == "−26.5"
    assert tables.span(-0.0004, 0.0302, 2) == "0\xa0to\xa00.03"
    assert [tables.p_value(p) for p in (None, 0.00668, 1e-9)] == ["–", "0.007", "<\xa00.001"]


def test_yes_or_no_in_the_diary_is_counted_in_evenings_and_an_amount_has_a_mean():
    given = by_hand.decided()
    by_arm = confounders_by_arm(given.data, by_hand.diary(given.data), PROTOCOL)
    assert by_arm.loc["ill"].str.fullmatch(r"0 of \d+ evenings").all()
    assert (by_arm.loc["caffeine mg, mean"].astype(float) > 50).all()


def test_arms_of_one_verdict_are_named_together():
    same = replace(by_hand.undecided(), effects=by_hand.undecided().effects[:1] * 2).material()
    assert report_content(same).other_verdicts == (
        "Sleep: can’t tell yet on glycine and magnesium glycinate.",
    )


def test_notes_of_the_terminal_are_sentences_in_the_report():
    notes = report_content(fixture_reports.REPORTS["peeked"]()).notes
    assert notes == ["Looked before the end; reason given: I could not wait."]
