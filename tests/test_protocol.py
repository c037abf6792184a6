import pytest
from ruamel.yaml import YAML

from n1trial.errors import ProtocolError
from n1trial.protocol import protocol_dir, read_protocol, template_names

TEMPLATE = "glycine-vs-magnesium-glycinate"


def changed(tmp_path, change):
    document = YAML(typ="safe").load((protocol_dir() / f"{TEMPLATE}.yaml").read_text())
    change(document)
    path = tmp_path / "mine.yaml"
    YAML(typ="safe").dump(document, path)
    return path


@pytest.mark.parametrize("name", template_names())
def test_every_template_reads_and_names_its_sources(name):
    protocol = read_protocol(name)
    assert protocol.name == name
    assert all(planned.outcome.source for planned in protocol.outcomes)
    assert protocol.stop_and_ask_a_doctor


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
    ("change", "said"),
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
    ],
)
def test_a_trial_that_cannot_be_run_is_refused_in_one_line(tmp_path, change, said):
    with pytest.raises(ProtocolError, match=said) as refused:
        read_protocol(changed(tmp_path, change))
    assert all(line.startswith("mine.yaml: ") for line in str(refused.value).splitlines())


def test_a_key_given_twice_is_refused_not_half_read(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("name: a\nname: b\n")
    with pytest.raises(ProtocolError, match=r"twice\.yaml, line 2: not YAML"):
        read_protocol(path)


def test_an_unknown_name_lists_the_templates():
    with pytest.raises(
        ProtocolError, match="nonsense: no template or file of that name: choose from glycine"
    ):
        read_protocol("nonsense")


def test_comments_do_not_change_the_fingerprint_and_doses_do(tmp_path):
    same = read_protocol(changed(tmp_path, lambda document: None))
    assert same.sha256 == read_protocol(TEMPLATE).sha256
    other = read_protocol(changed(tmp_path, lambda d: d["arms"][1]["doses"][0].update(compound_mg=2999)))
    assert other.sha256 != same.sha256
