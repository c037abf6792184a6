import re
from dataclasses import replace
from html import unescape

import fixture_reports
import pytest

from n1trial.report import render
from n1trial.report.content.content import report_content
from n1trial.report.render.terminal_report import answer_lines
from n1trial.report.render.text_report import WIDTH, plain_text


@pytest.fixture(scope="module", params=["clear-gain", "gate-failed", "two-arms-one-outcome"])
def report(request):
    material = fixture_reports.REPORTS[request.param]()
    return material, " ".join(plain_text(material).split())


def test_every_sentence_of_the_page_stands_in_the_text(report):
    material, text = report
    content = report_content(material)
    sentences = [
        *(
            part
            for answer in content.answers
            for part in (answer.sentence, *answer.beside, answer.keep_taking, answer.how_sure)
        ),
        *map(str, content.problems),
        *content.steps,
        *(words for picture in (*content.pictures, *content.methods.pictures) for words in picture.words),
        *content.trial_summary,
        *content.guardrails,
        content.cannot_tell,
    ]
    page = " ".join(unescape(re.sub(r"<[^>]+>", " ", render(material))).split())
    for sentence in sentences:
        assert " ".join(sentence.split()) in text
        assert " ".join(sentence.split()) in page


def test_the_terminal_says_the_same_words(report):
    material, text = report
    shown = [line.strip() for line in answer_lines(material.data, material.effects[:1])]
    for line in shown[1:]:
        assert " ".join(line.removeprefix("- ").split()) in text or "No verdict" in line


def test_prose_fits_a_narrow_window():
    for line in plain_text(fixture_reports.REPORTS["peeked"]()).splitlines():
        assert len(line) <= WIDTH or "  " in line.strip(), line


def test_control_characters_are_written_out():
    material = fixture_reports.REPORTS["clear-gain"]()
    data = replace(material.data, notes=("\x1b[31mred\x07",))
    text = plain_text(replace(material, data=data))
    assert r"\x1b[31mred\x07" in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)
