import hashlib
import json
import sqlite3
import zipfile
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from n1trial.design.blinding import (
    coded_schedule,
    commitment,
    decoded_schedule,
    draw_key,
    fillings,
    key_from_envelopes,
    kits_of,
    read_key,
    refuse_unblindable,
    sealed_by_passphrase,
    unsealed_by_passphrase,
)
from n1trial.design.protocol import protocol_path, read_protocol
from n1trial.design.schedule import randomise, schedule_csv
from n1trial.errors import BlindingError, FolderError, GateError
from n1trial.planning.simulate import QUIET, simulate_nights, write_fitbit_takeout
from n1trial.trial_folder.analysis_data import import_exports, write_down
from n1trial.trial_folder.create import Beginning, hand_to_helper, make_blind_trial, make_enveloped_trial
from n1trial.trial_folder.events import amend, report_accident, unblind
from n1trial.trial_folder.quality import check_quality, gather_evidence, quality_lines
from n1trial.trial_folder.snapshot import read_trial
from n1trial.trial_folder.store import open_folder, read_log
from n1trial.trial_folder.store.log_events import Unblinded
from n1trial.trial_folder.tonight import tonight_lines

TEMPLATE = "glycine-vs-magnesium-glycinate"
PROTOCOL = read_protocol(TEMPLATE)
START = date(2026, 1, 5)
NOW = datetime(2026, 1, 4, 18, tzinfo=UTC)
SEED = "5a" * 32
NAMES = ("none", "glycine", "magnesium", "nothing")


def new_blind(place, **options):
    return make_blind_trial(
        place / "trial",
        protocol=TEMPLATE,
        start=START,
        seed=SEED,
        home_zone=ZoneInfo("Europe/Berlin"),
        now=NOW,
        helper=place / "helper",
        **options,
    )


def key_of(place):
    return read_key((place / "helper" / "key.json").read_text(), where="key.json")


# The key


def test_the_commitment_is_the_hash_of_nonce_and_canonical_json():
    key = replace(draw_key(PROTOCOL, SEED), nonce="07" * 32, arms={"B": "glycine", "A": "none"})
    by_hand = (
        '{"arms":{"A":"none","B":"glycine"},"form":1,"protocol_sha256":"'
        + PROTOCOL.sha256
        + '","seed":"'
        + SEED
        + '"}'
    )
    assert commitment(key) == hashlib.sha256(b"\x07" * 32 + by_hand.encode()).hexdigest()


def test_a_key_reads_back_and_says_when_it_is_none():
    key = draw_key(PROTOCOL, SEED)
    assert read_key(key.text, where="key.json") == key
    for junk in ("", "[]", '{"key": {}}', "{", json.dumps({"nonce": "xy", "key": json.loads(key.canonical)})):
        with pytest.raises(BlindingError, match=r"key\.json: no key inside"):
            read_key(junk, where="key.json")


def test_a_sealed_key_opens_with_its_passphrase_alone():
    key = draw_key(PROTOCOL, SEED)
    sealed = sealed_by_passphrase(key, "correct horse")
    assert SEED.encode() not in sealed
    assert unsealed_by_passphrase(sealed, "correct horse", where="key.age") == key
    for wrong, data in (
        ("correct house", sealed),
        ("correct horse", sealed[:-1]),
        ("correct horse", b"junk"),
    ):
        with pytest.raises(BlindingError, match=r"key\.age: does not open"):
            unsealed_by_passphrase(data, wrong, where="key.age")
    with pytest.raises(BlindingError, match="shorter than 8"):
        sealed_by_passphrase(key, "short")


def test_every_dealing_of_the_letters_is_equally_likely():
    dealt = Counter(tuple(draw_key(PROTOCOL, f"{seed:064x}").arms.items()) for seed in range(6000))
    assert len(dealt) == 6
    assert all(abs(count - 1000) < 5 * 29 for count in dealt.values())  # the SD of a count is 28.9


# Letters and kits


def test_letters_turn_back_into_the_schedule_that_the_seed_draws():
    drawn = randomise(PROTOCOL, start=START, seed=SEED)
    key = draw_key(PROTOCOL, SEED)
    coded = coded_schedule(drawn, key.arms)
    assert set(coded.table["arm"]) == {"A", "B", "C"}
    assert set(coded.table.loc[coded.table["phase"] == "run-in", "arm"]) == {"A"}
    assert coded.seed == ""
    again = decoded_schedule(coded, key, PROTOCOL)
    assert again.table.equals(drawn.table)
    assert again.seed == SEED


def test_every_period_has_a_kit_of_its_own_whatever_is_in_it():
    kits = kits_of(randomise(PROTOCOL, start=START, seed=SEED))
    others = kits_of(randomise(PROTOCOL, start=START, seed="6b" * 32))
    assert len({kit.code for kit in kits}) == 18
    assert [kit.code for kit in kits] == [kit.code for kit in others]
    assert all(kit.nights == 7 for kit in kits)


@pytest.mark.parametrize(
    "name",
    [
        "glycine-vs-magnesium-glycinate",
        "glycine-magnesium-factorial",
        "three-forms-of-magnesium",
        "dose-timing",
    ],
)
def test_every_arm_swallows_as_many_capsules_at_the_same_times_and_gets_its_dose(name):
    protocol = read_protocol(name)
    evenings = fillings(protocol)
    pattern = [
        [(each.minutes_before_bed, each.capsules) for each in evening.servings] for evening in evenings
    ]
    assert all(each == pattern[0] for each in pattern)
    for evening in evenings:
        held = sum(fill.capsules * fill.mg_each for serving in evening.servings for fill in serving.fills)
        assert held == pytest.approx(sum(dose.compound for dose in protocol.arm_named(evening.arm).doses))
        assert all(fill.mg_each <= 700 for serving in evening.servings for fill in serving.fills)


def test_three_grams_of_glycine_are_five_capsules_and_magnesium_is_made_up_with_placebo():
    by_arm = {evening.arm: evening.servings[0].fills for evening in fillings(PROTOCOL)}
    capsules = {arm: [(fill.substance, fill.capsules) for fill in fills] for arm, fills in by_arm.items()}
    assert capsules == {
        "none": [("placebo", 5)],
        "glycine": [("glycine", 5)],
        "magnesium-glycinate": [("magnesium bisglycinate", 3), ("placebo", 2)],
    }


def test_early_and_late_capsules_are_double_dummy():
    none, early, bedtime = fillings(read_protocol("dose-timing"))
    assert [serving.minutes_before_bed for serving in none.servings] == [(150, 210), (15, 45)]
    assert [serving.fills[0].substance for serving in early.servings] == ["glycine", "placebo"]
    assert [serving.fills[0].substance for serving in bedtime.servings] == ["placebo", "glycine"]


# What cannot be hidden

NEVER = {"arm": "none", "after": "glycine"}


def test_what_a_person_does_cannot_be_hidden():
    with pytest.raises(BlindingError, match="arm usual is something that you do"):
        refuse_unblindable(read_protocol("caffeine-cut-off"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"design": {"blocks": 6, "period_nights": 7, "never": [{"arm": "none", "after": "glycine"}]}},
            "gives them away",
        ),
        ({"looks": {"after_blocks": [3], "stop_when": "decided"}}, "use precise"),
        ({"arms": [{"name": each, "label": each} for each in PROTOCOL.arm_names]}, "nothing to hide"),
    ],
)
def test_a_protocol_that_gives_the_arms_away_is_refused(change, message):
    protocol = type(PROTOCOL).model_validate(PROTOCOL.model_dump() | change)
    with pytest.raises(BlindingError, match=message):
        refuse_unblindable(protocol)


def test_the_helpers_folder_is_new_and_elsewhere(tmp_path):
    (tmp_path / "helper").mkdir()
    (tmp_path / "helper" / "old.txt").touch()
    with pytest.raises(FolderError, match="helper: is there already: give the helper a new folder"):
        new_blind(tmp_path)
    with pytest.raises(FolderError, match="inside the trial's folder"):
        make_blind_trial(
            tmp_path / "t",
            protocol=TEMPLATE,
            start=START,
            seed=None,
            home_zone=None,
            now=NOW,
            helper=tmp_path / "t" / "helper",
        )
    assert not (tmp_path / "trial").exists()
    assert not (tmp_path / "t").exists()


# What the person sees before the key is opened


def test_nothing_in_a_blinded_folder_tells_the_seed_or_joins_a_letter_to_an_arm(tmp_path):
    folder = new_blind(tmp_path)
    sealed = key_of(tmp_path)
    for path in sorted(folder.path.iterdir()):
        data = path.read_bytes()
        for secret in (SEED, sealed.nonce):
            assert secret.encode() not in data, path.name
            assert bytes.fromhex(secret) not in data, path.name
        if path.suffix in (".csv", ".ics"):
            text = data.decode().lower().replace("nothing, glycine or magnesium glycinate for sleep", "")
            assert not any(name in text.replace("nothing to take", "") for name in NAMES), path.name
    assert open_folder(folder.path).schedule.seed == ""
    assert folder.commitment == commitment(sealed)
    for name in ("sheet.html", "schedule.ics"):
        unfolded = (folder.path / name).read_bytes().replace(b"\r\n ", b"")
        assert folder.commitment.encode() in unfolded


def swapped(place, arms):
    """A trial of the same letters on the same nights, in which the letters stand for these arms."""
    key = draw_key(PROTOCOL, SEED)
    coded = coded_schedule(randomise(PROTOCOL, start=START, seed=SEED), key.arms)
    begun = Beginning(
        protocol=PROTOCOL,
        source=protocol_path(TEMPLATE).read_text(),
        home_zone=ZoneInfo("Europe/Berlin"),
        bedtime=time(22, 30),
        now=NOW,
    )
    other = replace(
        key, arms=dict(zip("ABC", arms, strict=True)), nonce=("ab" if arms[0] == "none" else "cd") * 32
    )
    folder = hand_to_helper(
        place / "trial", begun, coded, other, helper=place / "helper", passphrase="correct horse"
    )
    return folder, other


def run_until_unblinding(folder, takeout):
    """Everything that a person does before the key is opened; all text that was shown."""
    shown = []
    for number in range(20):
        night = START + timedelta(days=number)
        evening = datetime(2026, 1, 5, 21, tzinfo=UTC) + timedelta(days=number)
        shown += tonight_lines(read_trial(folder.path, now=evening))
        answers = {
            "taken": "yes",
            "taken_at": "22:15",
            "guess": "glycine",
            "caffeine_mg": str(40 * (number % 3)),
        }
        write_down(folder, night, answers, now=evening)
    import_exports(folder, [takeout], now=evening)
    amend(folder, "moved house", now=evening)
    report_accident(folder, "a capsule broke", now=evening)
    trial = read_trial(folder.path, now=evening)
    shown += quality_lines(check_quality(gather_evidence(trial)))
    shown.append(trial.ledger())
    return shown


def rows_of(path):
    with closing(sqlite3.connect(path)) as database:
        return "\n".join(database.iterdump())


def test_two_trials_that_differ_in_the_arms_alone_look_the_same_until_the_key_is_opened(tmp_path):
    """Names, sizes and bytes of every file, what the commands say, the data that fit and report are made from.

    Apart from the sealed key, which has the same size, only the 64 digits of the commitment differ; they are
    those of a hash with a random nonce, and are masked.
    """
    schedule = randomise(PROTOCOL, start=START, seed=SEED)
    write_fitbit_takeout(
        simulate_nights(schedule, QUIET, seed=1), tmp_path / "takeout.zip", zone="Europe/Berlin"
    )
    seen = []
    for name, arms in (
        ("one", ("none", "glycine", "magnesium-glycinate")),
        ("two", ("glycine", "magnesium-glycinate", "none")),
    ):
        folder, key = swapped(tmp_path / name, arms)
        shown = run_until_unblinding(folder, tmp_path / "takeout.zip")
        files = {path.name: path.read_bytes() for path in folder.path.iterdir() if path.suffix != ".db"}
        sealed = files.pop("key.age")
        assert unsealed_by_passphrase(sealed, "correct horse", where="key.age") == key
        promise = folder.commitment
        masked = {
            file: content.replace(b"\r\n ", b"").replace(promise.encode(), b"*" * 64)
            for file, content in files.items()
        }
        data = read_trial(folder.path, now=datetime(2027, 1, 1, tzinfo=UTC)).data
        seen.append(
            {
                "files": masked,
                "sizes": {name: len(content) for name, content in files.items()} | {"key.age": len(sealed)},
                "database": rows_of(folder.path / "trial.db").replace(promise, "*" * 64),
                "database size": (folder.path / "trial.db").stat().st_size,
                "shown": shown,
                "data": (
                    data.sha256,
                    data.arms,
                    dict(data.labels),
                    data.contrasts,
                    data.notes,
                    data.blind_broken,
                ),
                "promise": promise,
            }
        )
    one, two = seen
    assert one.pop("promise") != two.pop("promise")
    for part in one:
        assert one[part] == two[part], part
    assert "kit 01-" in "\n".join(one["shown"])
    text = "\n".join(one["shown"]).replace("nothing to take", "").replace("nothing changed", "")
    assert [name for name in NAMES if name in text] == []


def test_the_database_of_a_blinded_trial_holds_no_arm_beside_what_the_person_guessed(tmp_path):
    folder = new_blind(tmp_path)
    # The protocol, kept as it was at the start, names all arms and says of no night which it was.
    protocol = (folder.path / "protocol.yaml").read_text(encoding="utf-8").replace("'", "''")
    rows = rows_of(folder.path / "trial.db")
    assert protocol in rows
    assert not any(name in rows.replace(protocol, "") for name in NAMES)


# Opening


OVER = datetime(2026, 6, 1, 12, tzinfo=UTC)


def turned(arms):
    """The same arms under the next letter each."""
    names = list(arms.values())
    return dict(zip(arms, [*names[1:], names[0]], strict=True))


def test_the_key_opens_the_trial_once_and_the_log_says_why(tmp_path):
    folder = new_blind(tmp_path)
    opened = unblind(folder, key_of(tmp_path), "the trial is over", now=OVER)
    assert opened.schedule.table.equals(randomise(PROTOCOL, start=START, seed=SEED).table)
    again = open_folder(folder.path)
    assert again.schedule.table.equals(opened.schedule.table)
    assert (again.sealed, again.schedule.seed) == (False, SEED)
    assert read_log(again)[-1].event == Unblinded(reason="the trial is over")
    with pytest.raises(BlindingError, match="the key was opened before"):
        unblind(again, key_of(tmp_path), "again", now=OVER)


def test_opening_before_the_end_needs_a_word_more(tmp_path):
    folder = new_blind(tmp_path)
    with pytest.raises(
        GateError, match="runs until 2026-05-17, and knowing the arms spoils the nights to come"
    ):
        unblind(folder, key_of(tmp_path), "curious", now=NOW)
    assert unblind(folder, key_of(tmp_path), "a rash", now=NOW, early=True).sealed is False


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda key: replace(key, arms=turned(key.arms)), "not the one that was sealed"),
        (lambda key: replace(key, seed="00" * 32), "not the one that was sealed"),
        (lambda key: replace(key, nonce="00" * 32), "not the one that was sealed"),
        (lambda key: replace(key, protocol_sha256="00" * 32), "is of another trial"),
    ],
)
def test_a_key_that_was_changed_does_not_open(tmp_path, change, message):
    folder = new_blind(tmp_path)
    with pytest.raises(BlindingError, match=message):
        unblind(folder, change(key_of(tmp_path)), "over", now=OVER)
    assert open_folder(folder.path).sealed


def test_a_schedule_that_the_keys_seed_does_not_draw_is_named(tmp_path):
    folder, key = swapped(tmp_path, ("glycine", "magnesium-glycinate", "none"))
    if key.arms == draw_key(PROTOCOL, SEED).arms:
        folder, key = swapped(tmp_path / "other", ("none", "glycine", "magnesium-glycinate"))
    with pytest.raises(BlindingError, match=r"schedule\.csv: not what the key's seed draws"):
        unblind(folder, key, "over", now=OVER)


# Envelopes


def test_envelopes_give_the_letters_their_meaning_at_the_end(tmp_path):
    folder = make_enveloped_trial(
        tmp_path / "trial", protocol=TEMPLATE, start=START, seed=SEED, home_zone=None, now=NOW
    )
    assert folder.sealed
    assert not folder.commitment
    assert "What this cannot do" in (folder.path / "envelopes.html").read_text()
    assert any(
        "box " in line
        for line in tonight_lines(read_trial(folder.path, now=datetime(2026, 1, 15, 20, tzinfo=UTC)))
    )
    slips = ["A=glycine", "b=none", "C=magnesium-glycinate"]
    opened = unblind(folder, key_from_envelopes(PROTOCOL, slips), "opened the envelopes", now=OVER)
    letters = schedule_csv(folder.schedule).count(",A,"), schedule_csv(opened.schedule).count(",glycine,")
    assert letters == (42 + 7, 42)  # in the run-in stands the first letter, and the reference after opening


@pytest.mark.parametrize(
    "slips",
    [
        [],
        ["A=glycine"],
        ["A=glycine", "A=none", "C=magnesium-glycinate"],
        ["A=x", "B=none", "C=glycine"],
        ["A", "B", "C"],
    ],
)
def test_envelopes_that_do_not_fit_are_named(slips):
    with pytest.raises(BlindingError, match="give each of A, B, C once, with one of none, glycine"):
        key_from_envelopes(PROTOCOL, slips)


def test_a_zip_of_the_trials_folder_holds_no_key(tmp_path):
    folder = new_blind(tmp_path)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in folder.path.iterdir():
            archive.write(path, path.name)
        assert "key.json" not in archive.namelist()
