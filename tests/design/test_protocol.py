import json
from datetime import date

import pytest
from paths import TESTS
from ruamel.yaml import YAML

from n1trial.design.protocol import protocol_dir, protocol_schema, read_protocol, template_names
from n1trial.design.protocol_text import protocol_lines
from n1trial.design.schedule import randomise
from n1trial.errors import ProtocolError

TEMPLATE = "glycine-vs-magnesium-glycinate"
NAMES = ("none", "glycine", "magnesium-glycinate")


def changed(tmp_path, change):
    document = YAML(typ="safe").load((protocol_dir() / f"{TEMPLATE}.yaml").read_text())
    change(document)
    path = tmp_path / "mine.yaml"
    YAML(typ="safe").dump(document, path)
    return path


@pytest.mark.parametrize("name", template_names())
def test_every_template_is_whole(name):
    """Reason, times, confounders, safety, the smallest worthwhile effect with its source; it draws, and says what."""
    protocol = read_protocol(name)
    assert protocol.name == name
    assert all(planned.source and planned.mid for planned in protocol.outcomes)
    assert protocol.stop_and_ask_a_doctor
    assert protocol.confounders
    assert len(protocol.reason) > 100
    schedule = randomise(protocol, start=date(2026, 1, 5), seed="5a" * 32)
    assert len(schedule.table) == protocol.planned_nights
    text = "\n".join(protocol_lines(protocol, details=True))
    assert "least p" not in "\n".join(protocol_lines(protocol))
    assert f"drawn from {protocol.admissible.size:,} equally likely schedules" in text
    for arm in protocol.arms:
        assert arm.magnesium_mg <= 250, "no template is above any authority's limit"
        assert arm.instruction or not arm.doses or f"{arm.doses[0].compound:,.0f} mg" in text


def test_the_templates_are_these():
    assert template_names() == [
        "any-supplement",
        "caffeine-cut-off",
        "dose-timing",
        "fast-glycine-screen",
        "glycine-magnesium-factorial",
        "glycine-matched-magnesium",
        "glycine-vs-magnesium-glycinate",
        "slow-magnesium",
        "three-forms-of-magnesium",
    ]


def test_the_matched_glycine_is_what_the_chelate_brings():
    protocol = read_protocol("glycine-matched-magnesium")
    glycine, magnesium = protocol.arm_named("glycine"), protocol.arm_named("magnesium-glycinate")
    assert glycine.glycine_mg == pytest.approx(magnesium.glycine_mg, abs=0.5)


def test_three_forms_hold_as_much_magnesium_as_one():
    arms = read_protocol("three-forms-of-magnesium").arms
    assert [round(arm.magnesium_mg, 6) for arm in arms] == [0, 200, 200]
    assert round(arms[2].glycine_mg) == 618


def test_the_factorial_is_two_by_two():
    arms = read_protocol("glycine-magnesium-factorial").arms
    assert [(round(arm.glycine_mg), round(arm.magnesium_mg)) for arm in arms] == [
        (0, 0),
        (1235, 0),
        (0, 200),
        (1235, 200),
    ]


def test_limits_are_shown_by_authority_and_who_is_above_them(tmp_path):
    def heavier(document):
        document["arms"][2]["doses"][0]["elemental_mg"] = 300

    lines = [line for line in protocol_lines(read_protocol(changed(tmp_path, heavier))) if "at most" in line]
    above = {
        line.split(",")[1].split(":")[0].strip(): "ABOVE IT: magnesium-glycinate" in line for line in lines
    }
    assert above == {"EFSA": True, "BfR": True, "US National Academies": False, "VKM": False, "EVM": False}


def test_the_published_schema_is_the_readers_own():
    published = (protocol_dir() / "protocol.schema.json").read_text(encoding="utf-8")
    assert published == protocol_schema()
    described = json.loads(published)
    assert described["additionalProperties"] is False
    assert set(described["required"]) >= {"name", "arms", "reference", "design", "outcomes"}
    for name in template_names():
        text = (protocol_dir() / f"{name}.yaml").read_text(encoding="utf-8")
        assert text.startswith("# yaml-language-server: $schema=protocol.schema.json\n")


def test_a_key_added_later_leaves_the_fingerprint_of_older_protocols(tmp_path):
    """The fingerprint of the first release's template; older trial folders open because of it."""
    first_release = TESTS / "golden" / "protocol-0.1.yaml"
    fingerprint = "62b7a522ecb7b3ce10311465cd11764a58f60eb3f4220a881dff23e76e143949"
    assert read_protocol(first_release).sha256 == fingerprint
    for key, value in (("order", "no-repeat"), ("never", [{"arm": "none", "after": "glycine"}])):
        other = read_protocol(changed(tmp_path, lambda d, k=key, v=value: d["design"].update({k: v})))
        assert other.sha256 != read_protocol(TEMPLATE).sha256


def test_a_bad_night_is_one_of_less_than_five_hours_unless_the_protocol_says_otherwise(tmp_path):
    assert read_protocol(TEMPLATE).bad_night_minutes == 300
    stated = read_protocol(changed(tmp_path, lambda d: d.update(bad_night_minutes=300)))
    assert stated.sha256 == read_protocol(TEMPLATE).sha256
    other = read_protocol(changed(tmp_path, lambda d: d.update(bad_night_minutes=240)))
    assert other.bad_night_minutes == 240
    assert other.sha256 != stated.sha256


def test_the_glycine_in_magnesium_glycinate_is_counted():
    doses = {
        arm.name: (round(arm.glycine_mg), round(arm.magnesium_mg)) for arm in read_protocol(TEMPLATE).arms
    }
    assert doses == {"none": (0, 0), "glycine": (3000, 0), "magnesium-glycinate": (1235, 200)}


def test_a_week_of_run_in_and_eighteen_weeks_of_periods_are_133_nights():
    assert read_protocol(TEMPLATE).planned_nights == 133


def test_a_misspelt_key_is_named(tmp_path):
    path = changed(tmp_path, lambda document: document["design"].update(perod_nights=7))
    with pytest.raises(ProtocolError, match=r"mine\.yaml: design\.perod_nights is not a key of a protocol"):
        read_protocol(path)


def test_magnesium_above_the_limit_is_refused_until_acknowledged(tmp_path):
    def heavier(document):
        document["arms"][2]["doses"][0]["elemental_mg"] = 486

    with pytest.raises(ProtocolError, match="holds 486 mg of elemental magnesium, above the limit of 350"):
        read_protocol(changed(tmp_path, heavier))

    def acknowledged(document):
        heavier(document)
        document["acknowledged_above_limit"] = "agreed with my doctor"

    assert read_protocol(changed(tmp_path, acknowledged)).arms[2].magnesium_mg == pytest.approx(486)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("reference"), "reference is missing: add it"),
        (lambda d: d.update(reference="placebo"), "no arm is called 'placebo'"),
        (
            lambda d: d["design"].update(washout_nights=7),
            "washout_nights is 7 and period_nights 7: no night is left",
        ),
        (lambda d: d["outcomes"][0].update(primary=False), "exactly one outcome is primary"),
        (lambda d: d["outcomes"][0].update(name="tst"), "no outcome is called 'tst': choose from tst_min"),
        (lambda d: d["arms"].pop(), "no arm is called 'magnesium-glycinate'"),
        (lambda d: d["arms"][1].update(name="none"), "two arms have the same name"),
        (lambda d: d["arms"][1]["doses"][0].update(substance="glycin"), "no substance is called 'glycin'"),
        (
            lambda d: d["arms"][1]["doses"][0].update(elemental_mg=5),
            "give either compound_mg or elemental_mg",
        ),
        (lambda d: d["design"].update(blocks=0), r"design\.blocks does not fit \(0\)"),
        (lambda d: d.update(arms=d["arms"][:1]), "arms has 1 entries: give 2 or more"),
        (lambda d: d.update(arms=d["arms"] * 14), "arms has 42 entries: give at most 8"),
        (
            lambda d: d["design"].update(order="williams", blocks=5),
            "blocks is 5: order williams of 3 arms needs a multiple of 6",
        ),
        (lambda d: d["design"].update(order="abba", blocks=3), "order abba of 3 arms needs a multiple of 2"),
        (
            lambda d: d["design"].update(order="abba", never=[{"arm": "none", "after": "glycine"}]),
            "design.never does not go with order abba",
        ),
        (lambda d: d["design"].update(never=[{"arm": "x", "after": "none"}]), "never: no arm is called 'x'"),
        (
            lambda d: d["design"].update(
                never=[{"arm": a, "after": b} for a in NAMES for b in NAMES if a != b]
            ),
            "no schedule keeps design.never: remove a pair",
        ),
        (
            lambda d: d.update(looks={"after_blocks": [2], "sd_at_most": 8}),
            "looks are from block 3 to block 8",
        ),
        (lambda d: d.update(looks={"after_blocks": [4, 3], "sd_at_most": 8}), "not in rising order"),
        (
            lambda d: d.update(looks={"after_blocks": [6], "sd_at_most": 8}),
            "6 is not before the end of 6 blocks",
        ),
        (lambda d: d.update(looks={"after_blocks": [3]}), "sd_at_most: belongs to stop_when: precise"),
    ],
)
def test_a_trial_that_cannot_be_run_is_refused_in_one_line(tmp_path, change, message):
    with pytest.raises(ProtocolError, match=message) as refused:
        read_protocol(changed(tmp_path, change))
    assert all(line.startswith("mine.yaml: ") for line in str(refused.value).splitlines())


def test_a_key_given_twice_is_refused_not_half_read(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("name: a\nname: b\n")
    with pytest.raises(ProtocolError, match=r"twice\.yaml, line 2: not YAML"):
        read_protocol(path)


def test_an_unknown_name_lists_the_templates():
    with pytest.raises(
        ProtocolError, match="nonsense: no template or file of that name: choose from any-supplement"
    ):
        read_protocol("nonsense")


def test_comments_do_not_change_the_fingerprint_and_doses_do(tmp_path):
    same = read_protocol(changed(tmp_path, lambda document: None))
    assert same.sha256 == read_protocol(TEMPLATE).sha256
    other = read_protocol(changed(tmp_path, lambda d: d["arms"][1]["doses"][0].update(compound_mg=2999)))
    assert other.sha256 != same.sha256
