import base64
import re
from datetime import date, time, timedelta

import icalendar
import pytest
from chromium import CHROMIUM, browser

from n1trial.blinding import coded_schedule, commitment, draw_key
from n1trial.paper import calendar_ics, document_html, envelopes_html, labels_html, packing_html, sheet_html
from n1trial.paper.evening import clock_before, evenings
from n1trial.paper.page import COLOURS
from n1trial.paper.spent import spent_items
from n1trial.protocol import PermutedBlocks, Protocol, read_protocol, template_names
from n1trial.report.figures.palette import SHADES
from n1trial.schedule import randomise
from n1trial.text import visible

TEMPLATE = "glycine-vs-magnesium-glycinate"
PROTOCOL = read_protocol(TEMPLATE)
START = date(2026, 1, 5)
SEED = "5a" * 32
SCHEDULE = randomise(PROTOCOL, start=START, seed=SEED)
KEY = draw_key(PROTOCOL, SEED)
CODED = coded_schedule(SCHEDULE, KEY.arms)
PROMISE = commitment(KEY)
BED = time(22, 30)


def changed(**fields):
    return Protocol.model_validate(PROTOCOL.model_dump() | fields)


def hostile(payload):
    """The template with a payload in every text field that takes one."""
    arms = [
        arm.model_dump() | {"label": payload[:60] or "-", "instruction": payload[:200]}
        for arm in PROTOCOL.arms
    ]
    return changed(
        title=payload[:120] or "-",
        question=payload,
        reason=payload,
        arms=arms,
        dosing=PROTOCOL.dosing.model_dump() | {"note": payload},
        stop_and_ask_a_doctor=[payload],
        acknowledged_above_limit=payload,
        confounders=[*PROTOCOL.confounders, payload[:40]],
    )


PIECES = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "{{ 7*7 }}{% raw %}",
    "line\r\nEND:VEVENT\r\nBEGIN:VEVENT",
    'a;b,c\\n\\N:d"e',
    "\x00\x01\x1b[31m",
    "‮desrever‬",
    "ünïcödé 🛌" * 20,
    "'=cmd|' /C calc'!A0",
)
PAYLOADS = [f"{one}{other}" for one in PIECES for other in PIECES]


# The calendar


def events_of(ics):
    return icalendar.Calendar.from_ical(ics).walk("VEVENT")


def test_the_calendar_has_an_entry_a_night_with_an_identity_that_stays():
    ics = calendar_ics(SCHEDULE, PROTOCOL, bedtime=BED)
    events = events_of(ics)
    assert len(events) == 133
    assert len({str(event["uid"]) for event in events}) == 133
    assert ics == calendar_ics(SCHEDULE, PROTOCOL, bedtime=BED)


def test_a_reminder_comes_when_the_dose_may_first_be_taken():
    event = events_of(calendar_ics(SCHEDULE, PROTOCOL, bedtime=BED))[7]
    (alarm,) = event.walk("VALARM")
    assert alarm["trigger"].dt == timedelta(hours=21, minutes=30)  # 60 minutes before 22:30
    assert str(alarm["action"]) == "DISPLAY"
    assert not events_of(calendar_ics(SCHEDULE, PROTOCOL, bedtime=BED))[0].walk("VALARM")  # the run-in


@pytest.mark.parametrize(
    ("bedtime", "minutes", "at"), [("22:30", 60, (21, 30)), ("00:30", 45, (23, 45)), ("01:00", 30, (24, 30))]
)
def test_a_bedtime_after_midnight_belongs_to_the_evening_before(bedtime, minutes, at):
    assert clock_before(time.fromisoformat(bedtime), minutes) == at


def test_a_blinded_calendar_names_kits_and_carries_the_commitment():
    ics = calendar_ics(CODED, PROTOCOL, bedtime=BED, hidden="helper", commitment=PROMISE)
    events = events_of(ics)
    assert str(events[7]["summary"]).startswith("Tonight: kit 01-")
    assert PROMISE in str(events[0]["description"])
    assert PROMISE in str(icalendar.Calendar.from_ical(ics)["x-wr-caldesc"])
    assert {str(event["uid"]) for event in events} == {
        str(event["uid"]) for event in events_of(calendar_ics(SCHEDULE, PROTOCOL, bedtime=BED))
    }


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_hundred_payloads_parse_back_from_the_calendar_and_add_no_entry(payload):
    design = {"blocks": 1, "period_nights": 1, "run_in_nights": 0}
    protocol = hostile(payload).model_copy(update={"design": PermutedBlocks.model_validate(design)})
    schedule = randomise(protocol, start=START, seed=SEED)
    events = events_of(calendar_ics(schedule, protocol, bedtime=BED))
    assert len(events) == 3
    for event, evening in zip(events, evenings(schedule, protocol), strict=True):
        said = f"{evening.what}. {protocol.dosing.note}".strip()
        assert str(event["summary"]) == visible(f"Tonight: {evening.name}").replace("\\N", "\\n")
        assert str(event["description"]) == visible(said).replace("\\N", "\\n")
        assert str(event.walk("VALARM")[0]["description"]) == str(event["summary"])


# The pages


def pages(protocol, schedule=SCHEDULE, coded=CODED):
    yield "sheet", sheet_html(schedule, protocol)
    yield "document", document_html(protocol, schedule=schedule, amendments=["2026-01-09: <b>"], plan=["<i>"])
    if not any(arm.instruction for arm in protocol.arms):
        yield "blind sheet", sheet_html(coded, protocol, hidden="helper", commitment=PROMISE)
        yield "packing", packing_html(coded, protocol, KEY, commitment=PROMISE, sealed=False)
        yield "labels", labels_html(coded, protocol)
        yield "envelopes", envelopes_html(coded, protocol)


@pytest.mark.parametrize("payload", PAYLOADS[::7], ids=range(len(PAYLOADS[::7])))
def test_what_a_person_wrote_is_shown_literally_on_every_page(payload):
    for name, html in pages(hostile(payload)):
        assert not re.search(r"<(script|img|b|i)\b", html), name
        assert not re.search(r"<[^>]*\son\w+=", re.sub(r'"[^"]*"', "", html)), name
        assert not re.search(r"[\x00-\x08\x0b\x1b\u202e]", html), name


def test_pages_have_the_reports_policy_and_colours():
    assert {shade.variable: shade.light for shade in SHADES} == dict(COLOURS)
    for name, html in pages(PROTOCOL):
        assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in html, name
        assert '<html lang="en">' in html, name


def test_a_sheet_has_a_line_a_night_and_a_box_where_something_is_swallowed():
    html = sheet_html(SCHEDULE, PROTOCOL)
    assert html.count('<th scope="row">') == 133
    assert html.count('class="fortnight"') == 10
    assert html.count('class="box"') == 2 * 42  # not in the run-in, not on nothing
    assert sheet_html(CODED, PROTOCOL, hidden="helper").count('class="box"') == 3 * 42


def test_labels_and_a_blinded_sheet_name_no_arm_and_the_packing_list_names_every_one():
    for html in (
        labels_html(CODED, PROTOCOL),
        sheet_html(CODED, PROTOCOL, hidden="helper", commitment=PROMISE),
    ):
        told = html.replace(PROTOCOL.title, "").replace("nothing to take", "")
        assert not re.search(r"glycine|magnesium|nothing|\barm\b", told.split("</style>")[1])
    packed = packing_html(CODED, PROTOCOL, KEY, commitment=PROMISE, sealed=False)
    assert [packed.count(f"<td>{arm.label}</td>") for arm in PROTOCOL.arms] == [6, 6, 6]


def test_the_packing_list_says_how_many_capsules_to_fill():
    packed = packing_html(CODED, PROTOCOL, KEY, commitment=PROMISE, sealed=False)
    rows = re.findall(r'<th scope="row">([^<]*)</th><td>([^<]*)</td><td>([\d,]+)</td>', packed)
    # 42 evenings an arm: 5 of glycine; 3 of magnesium and 2 placebo; 5 placebo
    assert rows == [
        ("glycine", "600 mg", "210"),
        ("magnesium bisglycinate", "473 mg", "126"),
        ("placebo", "no active substance", "294"),
    ]


@pytest.mark.parametrize("name", template_names())
def test_every_template_has_a_document_for_a_doctor(name):
    protocol = read_protocol(name)
    html = document_html(protocol)
    for said in (protocol.question, *protocol.stop_and_ask_a_doctor):
        assert said.split("'")[0][:40] in html.replace("&#39;", "'")
    assert "after SPENT 2019" in html
    assert "not yet begun" in html


def test_the_list_of_items_says_what_is_missing_and_fills_as_the_trial_takes_shape():
    bare = spent_items(PROTOCOL)
    whole = spent_items(PROTOCOL, started=True, hidden=True, committed=True, planned=True)
    missing = {item.number for item in bare if not item.where}
    assert {"2", "4", "13", "14", "16b", "17a"} <= missing
    assert missing - {item.number for item in whole if not item.where} == {
        "3",
        "13",
        "14",
        "16b",
        "16c",
        "17a",
        "17b",
    }
    assert all(item.to_add for item in bare if not item.where)
    assert len({item.number for item in bare}) == len(bare)


def test_evenings_of_behaviour_say_what_to_do():
    protocol = read_protocol("caffeine-cut-off")
    schedule = randomise(protocol, start=START, seed=SEED)
    said = {evening.name: evening.what for evening in evenings(schedule, protocol)}
    assert said["no caffeine after noon"].startswith("no coffee, tea")
    assert {evening.capsules for evening in evenings(schedule, protocol)} == {False}


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; .ci/run installs it")
@pytest.mark.parametrize("paper", [(8.27, 11.69), (8.5, 11)], ids=["A4", "Letter"])
def test_a_fortnight_prints_on_one_page(tmp_path, paper):
    most = changed(
        title="A title that is as long as a title may be, " * 2,
        confounders=[*PROTOCOL.confounders, "screen_min", "room_temperature"],
    )
    with browser(tmp_path / "profile") as tab:
        for name, html, wanted in (
            ("sheet", sheet_html(SCHEDULE, PROTOCOL), 10),
            ("long sheet", sheet_html(SCHEDULE, most), 10),
            ("blind sheet", sheet_html(CODED, PROTOCOL, hidden="helper", commitment=PROMISE), 10),
            ("packing", packing_html(CODED, PROTOCOL, KEY, commitment=PROMISE, sealed=False), 1),
            ("labels", labels_html(CODED, PROTOCOL), 1),
            ("envelopes", envelopes_html(CODED, PROTOCOL), 1),
        ):
            path = tmp_path / f"{name}.html"
            path.write_text(html)
            tab.open(path, width=1100)
            printed = tab.ask(
                "Page.printToPDF", landscape="sheet" in name, paperWidth=paper[0], paperHeight=paper[1]
            )
            pages = len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(printed["data"])))
            print(f"{name}: {pages} pages")
            assert pages == wanted, name
            assert tab.requests() == tab.complaints() == []
