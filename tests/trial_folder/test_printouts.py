import base64
import re
import subprocess
from datetime import UTC, date, datetime, time, timedelta
from html import unescape

import icalendar
import pytest
from chromium import CHROMIUM, browser

from n1trial.design.blinding import coded_schedule, commitment, draw_key
from n1trial.design.protocol import Dose, PermutedBlocks, Protocol, read_protocol, template_names
from n1trial.design.protocol_text import protocol_lines
from n1trial.design.schedule import randomise
from n1trial.markup.text import visible
from n1trial.markup.theme import SHADES
from n1trial.report.deidentify.names import doses_in_copy
from n1trial.report.sentences.methods import _plan_lines
from n1trial.trial_folder.printouts import (
    calendar_ics,
    document_html,
    envelopes_html,
    labels_html,
    packing_html,
    sheet_html,
)
from n1trial.trial_folder.printouts.evening import clock_before, planned_evenings
from n1trial.trial_folder.printouts.spent_checklist import spent_items

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
    assert len(events) == 2 * 133  # the evening, and the diary of the morning after
    assert len({str(event["uid"]) for event in events}) == len(events)
    assert ics == calendar_ics(SCHEDULE, PROTOCOL, bedtime=BED)


def entries(schedule, protocol, **options):
    """The entries of every night, without the diary's."""
    events = events_of(calendar_ics(schedule, protocol, **{"bedtime": BED} | options))
    diary = [event for event in events if "-diary-" in event["uid"]]
    return [event for event in events if "-diary-" not in event["uid"]], diary


def test_a_reminder_comes_when_the_dose_may_first_be_taken():
    dosed = [event for event in entries(SCHEDULE, PROTOCOL)[0] if event.walk("VALARM")]
    assert len(dosed) == 2 * 42
    for event in dosed:
        (alarm,) = event.walk("VALARM")
        assert alarm["trigger"].dt == timedelta(0)
        assert str(alarm["action"]) == "DISPLAY"
        # 60 to 30 minutes before 22:30
        assert [event[end].dt.time() for end in ("dtstart", "dtend")] == [time(21, 30), time(22)]


def test_an_alarm_never_stands_on_a_whole_day_and_every_morning_has_one_for_the_diary():
    for name in template_names():
        protocol = read_protocol(name)
        schedule = randomise(protocol, start=START, seed=SEED)
        evening, diary = entries(schedule, protocol)
        for event in (*evening, *diary):
            assert bool(event.walk("VALARM")) == isinstance(event["dtstart"].dt, datetime), name
        mornings = [datetime.combine(START + timedelta(days=day + 1), time(8)) for day in range(len(diary))]
        assert [event["dtstart"].dt for event in diary] == mornings
        assert len(diary) == protocol.planned_nights


def test_an_evening_on_nothing_has_no_clock_and_no_advice_on_how_to_swallow():
    quiet = [event for event in entries(SCHEDULE, PROTOCOL)[0] if not event.walk("VALARM")]
    assert len(quiet) == 7 + 42
    assert not any("water" in event["description"] or "forget" in event["description"] for event in quiet)


def test_a_habit_is_recalled_in_the_morning():
    protocol = read_protocol("caffeine-cut-off")
    schedule = randomise(protocol, start=START, seed=SEED)
    habits = [event for event in entries(schedule, protocol)[0] if event.walk("VALARM")]
    assert len(habits) == 84
    assert {event["dtstart"].dt.time() for event in habits} == {time(8)}
    assert "Today: no caffeine after noon" in {str(event["summary"]) for event in habits}


def test_two_servings_of_an_evening_have_a_reminder_each():
    protocol = read_protocol("dose-timing")
    schedule = randomise(protocol, start=START, seed=SEED)
    coded = coded_schedule(schedule, draw_key(protocol, SEED).arms)
    first, second = entries(coded, protocol, hidden="helper")[0][7:9]
    assert [event["dtstart"].dt.time() for event in (first, second)] == [time(19), time(21, 45)]


def test_a_calendar_has_a_name_and_a_later_one_replaces_it():
    made = datetime(2026, 2, 1, 9, tzinfo=UTC)
    early = calendar_ics(SCHEDULE, PROTOCOL, bedtime=BED)
    later = calendar_ics(SCHEDULE, PROTOCOL, bedtime=BED, person="P07", edition=1, now=made)
    assert str(icalendar.Calendar.from_ical(early)["x-wr-calname"]) == PROTOCOL.title
    assert str(icalendar.Calendar.from_ical(later)["x-wr-calname"]) == f"P07: {PROTOCOL.title}"
    for one, other in zip(events_of(early), events_of(later), strict=True):
        assert one["uid"] == other["uid"]
        assert one["sequence"] < other["sequence"]
        assert other["dtstamp"].dt == made


@pytest.mark.parametrize(
    ("bedtime", "minutes", "at"), [("22:30", 60, (21, 30)), ("00:30", 45, (23, 45)), ("01:00", 30, (24, 30))]
)
def test_a_bedtime_after_midnight_belongs_to_the_evening_before(bedtime, minutes, at):
    assert clock_before(time.fromisoformat(bedtime), minutes) == at


def test_a_blinded_calendar_names_kits_and_carries_the_commitment():
    ics = calendar_ics(CODED, PROTOCOL, bedtime=BED, hidden="helper", commitment=PROMISE)
    events = events_of(ics)
    assert str(events[14]["summary"]).startswith("Tonight: kit 01-")
    assert PROMISE in str(events[0]["description"])
    assert PROMISE in str(icalendar.Calendar.from_ical(ics)["x-wr-caldesc"])
    assert {str(event["uid"]) for event in events} == {
        str(event["uid"]) for event in events_of(calendar_ics(SCHEDULE, PROTOCOL, bedtime=BED))
    }
    assert str(events[0]["description"]).count(PROMISE) == 1


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_hundred_payloads_parse_back_from_the_calendar_and_add_no_entry(payload):
    design = {"blocks": 1, "period_nights": 1, "run_in_nights": 0}
    protocol = hostile(payload).model_copy(update={"design": PermutedBlocks.model_validate(design)})
    schedule = randomise(protocol, start=START, seed=SEED)
    events, diary = entries(schedule, protocol, person=payload)
    assert len(events) == len(diary) == 3
    for event, evening in zip(events, planned_evenings(schedule, protocol), strict=True):
        description = f"{evening.what}. {protocol.dosing.note}".strip()
        when = "Today" if evening.habit else "Tonight"
        assert str(event["summary"]) == visible(f"{when}: {evening.name}").replace("\\N", "\\n")
        assert str(event["description"]) == visible(description).replace("\\N", "\\n")
        assert str(event.walk("VALARM")[0]["description"]) == str(event["summary"])


# The pages


def pages(protocol, schedule=SCHEDULE, coded=CODED):
    person = protocol.title[:40]
    yield "sheet", sheet_html(schedule, protocol, person=person)
    yield "document", document_html(protocol, schedule=schedule, amendments=["2026-01-09: <b>"], plan=["<i>"])
    if not any(arm.instruction for arm in protocol.arms):
        yield "blind sheet", sheet_html(coded, protocol, hidden="helper", commitment=PROMISE)
        yield "packing", packing_html(coded, protocol, KEY, commitment=PROMISE, sealed=False, person=person)
        yield "labels", labels_html(coded, protocol, person=person)
        yield "envelopes", envelopes_html(coded, protocol, person=person, folder=person)


@pytest.mark.parametrize("payload", PAYLOADS[::7], ids=range(len(PAYLOADS[::7])))
def test_what_a_person_wrote_is_shown_literally_on_every_page(payload):
    for name, html in pages(hostile(payload)):
        assert not re.search(r"<(script|img|b|i)\b", html), name
        assert not re.search(r"<[^>]*\son\w+=", re.sub(r'"[^"]*"', "", html)), name
        assert not re.search(r"[\x00-\x08\x0b\x1b\u202e]", html), name


def test_pages_have_the_reports_policy_and_colours():
    for name, html in pages(PROTOCOL):
        assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in html, name
        assert '<html lang="en">' in html, name
        for shade in SHADES:
            assert f"{shade.variable}: {shade.light};" in html, name


def test_a_sheet_has_a_line_a_night_and_a_box_where_something_is_swallowed():
    html = sheet_html(SCHEDULE, PROTOCOL)
    assert html.count('<th scope="row">') == 133
    assert html.count('class="fortnight"') == 10
    assert html.count('class="box"') == 2 * 42  # not in the run-in, not on nothing
    assert sheet_html(CODED, PROTOCOL, hidden="helper").count('class="box"') == 3 * 42


def test_a_sheet_has_dose_capsules_and_time_and_asks_a_guess_only_of_what_is_hidden():
    html = sheet_html(SCHEDULE, PROTOCOL, bedtime=BED)
    assert (
        html.count('<strong>glycine</strong><br><span class="dose">3,000 mg glycine, 21:30–22:00</span></td>')
        == 42
    )
    assert html.count("<strong>nothing</strong></td>") == 42
    assert "guess" not in html
    hidden = sheet_html(CODED, PROTOCOL, hidden="helper", bedtime=BED)
    assert hidden.count(">5 capsules, 21:30–22:00</span></td>") == 3 * 42
    assert 'sure of guess <span class="scale">0–10</span>' in hidden


def test_the_sheet_of_a_habit_speaks_of_keeping_to_it():
    protocol = read_protocol("caffeine-cut-off")
    html = sheet_html(randomise(protocol, start=START, seed=SEED), protocol)
    body = html.split("</style>")[1]
    assert body.count('aria-label="tick when kept"') == 84
    assert "kept to it" in body
    assert not re.search(r"\btaken\b|dose,|capsule", body)


def test_the_person_stands_on_every_paper():
    for name, html in (
        ("sheet", sheet_html(SCHEDULE, PROTOCOL, person="P07")),
        ("labels", labels_html(CODED, PROTOCOL, person="P07")),
        ("packing", packing_html(CODED, PROTOCOL, KEY, commitment=PROMISE, sealed=False, person="P07")),
        ("envelopes", envelopes_html(CODED, PROTOCOL, person="P07")),
        ("document", document_html(PROTOCOL, person="P07")),
    ):
        wanted = {"sheet": 10, "labels": 18}.get(name, 1)
        assert html.split("</style>")[1].count("P07") == wanted, name


def test_every_command_on_paper_has_its_folder_and_what_it_requires():
    packing = [
        packing_html(CODED, PROTOCOL, KEY, commitment=PROMISE, sealed=sealed, folder="anna")
        for sealed in (False, True)
    ]
    for html in (*packing, envelopes_html(CODED, PROTOCOL, folder="anna")):
        text = unescape(re.sub(r"<[^>]+>", " ", html))
        written = re.findall(r"n1trial unblind .*", text)
        assert written
        for command in written:
            assert re.match(r'n1trial unblind anna (--\w+ )?--reason "[^"]+"', command), command
    assert "--key key.json" in packing[0]
    assert "--key" not in packing[1]


def test_a_hidden_arm_without_a_dose_is_placebo_and_not_nothing_to_take():
    assert "nothing to take" in document_html(PROTOCOL)
    for hidden in ("helper", "envelopes"):
        page = document_html(PROTOCOL, hidden=hidden)
        assert "nothing to take" not in page
        assert "placebo: capsules with no active substance" in page


def test_envelopes_name_the_folder_of_the_trial():
    assert "n1trial unblind anna --reason" in envelopes_html(CODED, PROTOCOL, folder="anna")
    assert "n1trial unblind &#39;my trial&#39;" in envelopes_html(CODED, PROTOCOL, folder="my trial")


def own(amount, **fields):
    arms = [
        {"name": "none", "label": "nothing"},
        {
            "name": "supplement",
            "label": "the supplement",
            "doses": [{"substance": "other", "compound_mg": amount} | fields],
        },
    ]
    return changed(arms=arms, reference="none", further_contrasts=[])


@pytest.mark.parametrize("amount", [0.3, 0.5, 1.5, 2.5, 617.5, 1234.567])
def test_a_dose_is_printed_as_it_was_written_everywhere(amount):
    protocol = own(amount, name="melatonin")
    written = f"{amount:,}"
    schedule = randomise(protocol, start=START, seed=SEED)
    key = draw_key(protocol, SEED)
    coded = coded_schedule(schedule, key.arms)
    calendar = str(calendar_ics(schedule, protocol, bedtime=BED).replace(b"\r\n ", b""), "utf-8")
    places = {
        "protocols": " ".join(protocol_lines(protocol)),
        "calendar": calendar.replace("\\,", ","),
        "sheet": sheet_html(schedule, protocol),
        "document": document_html(protocol),
        "report": " ".join(_plan_lines(protocol)),
        "shared": doses_in_copy(protocol.arms[1]),
    }
    for place, text in places.items():
        assert f"{written} mg" in text, place
        assert not re.search(r"(?<![\d.,])0 mg (melatonin|supplement)|of the supplement", text), place
    assert all("mg melatonin" in places[place] for place in ("protocols", "calendar", "sheet", "document"))
    packed = packing_html(coded, protocol, key, commitment=PROMISE, sealed=False)
    if amount <= 700:
        assert f"1 × melatonin {written} mg" in packed
    assert '<th scope="row">melatonin</th>' in packed


def test_a_name_belongs_to_a_substance_of_ones_own():
    with pytest.raises(ValueError, match="glycine has its name"):
        Dose(substance="glycine", compound_mg=3, name="melatonin")
    assert own(500).arms[1].doses[0].label == "supplement"


def test_a_protocol_without_names_keeps_its_fingerprint():
    assert own(500, name="").sha256 == own(500).sha256
    assert '"name":""' not in own(500).model_dump_json()


def test_labels_and_a_blinded_sheet_name_no_arm_and_the_packing_list_names_every_one():
    for html in (
        labels_html(CODED, PROTOCOL),
        sheet_html(CODED, PROTOCOL, hidden="helper", commitment=PROMISE),
    ):
        text = html.replace(PROTOCOL.title, "").replace("nothing to take", "")
        assert not re.search(r"glycine|magnesium|nothing|\barm\b", text.split("</style>")[1])
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
    for sentence in (protocol.question, *protocol.stop_and_ask_a_doctor):
        assert sentence.split("'")[0][:40] in html.replace("&#39;", "'")
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
    instructions = {evening.name: evening.what for evening in planned_evenings(schedule, protocol)}
    assert instructions["no caffeine after noon"].startswith("no coffee, tea")
    assert not any(evening.servings for evening in planned_evenings(schedule, protocol))
    assert [evening.asks for evening in planned_evenings(schedule, protocol)] == [False] * 7 + [True] * 84


def two_servings():
    protocol = read_protocol("dose-timing")
    schedule = randomise(protocol, start=START, seed=SEED)
    coded = coded_schedule(schedule, draw_key(protocol, SEED).arms)
    return sheet_html(coded, protocol, hidden="helper", commitment=PROMISE, person="P07")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; .ci/run installs it")
def test_no_word_of_a_sheets_head_is_broken(tmp_path):
    most = changed(confounders=[*PROTOCOL.confounders, "screen_min", "room_temperature"])
    path = tmp_path / "sheet.html"
    path.write_text(sheet_html(CODED, most, hidden="helper", commitment=PROMISE))
    with browser(tmp_path / "profile") as tab:
        tab.open(path, width=1100)
        printed = tab.ask("Page.printToPDF", landscape=True, paperWidth=8.27, paperHeight=11.69)
    (tmp_path / "sheet.pdf").write_bytes(base64.b64decode(printed["data"]))
    text = subprocess.run(
        ["pdftotext", "-l", "1", str(tmp_path / "sheet.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    words = "caffeine mg alcohol units collagen exercise stress travel screen temperature taken guess sure stomach"
    assert not [word for word in words.split() if not re.search(rf"\b{word}\b", text)]


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
            ("sheet of two servings", two_servings(), 10),
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
