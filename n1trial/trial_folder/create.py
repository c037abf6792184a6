"""Create a trial's folder: draw the schedule, hide the arms if wanted, write calendar, diary and sheet."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from n1trial.data.diary import blank_diary
from n1trial.design.allocation import new_seed
from n1trial.design.blinding import (
    LETTERS,
    Hidden,
    Key,
    coded_schedule,
    commitment,
    draw_key,
    refuse_unblindable,
    sealed_by_passphrase,
)
from n1trial.design.protocol import SCHEMA_FILE, Protocol, protocol_path, protocol_schema, read_protocol
from n1trial.design.schedule import Schedule, randomise
from n1trial.errors import FolderError
from n1trial.markup.text import shortened, visible
from n1trial.system.files import write_whole
from n1trial.trial_folder.printouts import calendar_ics, envelopes_html, labels_html, packing_html, sheet_html
from n1trial.trial_folder.store import BEDTIME, TrialFolder, create_folder

SEALED_KEY, KEY_FILE = "key.age", "key.json"
LONGEST_NAME = 40
CALENDAR, SHEET = "schedule.ics", "sheet.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What is fixed before the first night, beside the schedule: the protocol and its text, clock and moment."""

    protocol: Protocol
    source: str
    home_zone: ZoneInfo | None
    bedtime: time
    now: datetime
    person: str = ""


def make_trial(
    path: Path,
    *,
    protocol: str,
    start: date,
    seed: str | None,
    home_zone: ZoneInfo | None,
    now: datetime,
    bedtime: time = BEDTIME,
    person: str = "",
) -> TrialFolder:
    """Make a trial folder from a template or protocol file, with the arms known to the person.

    Parameters
    ----------
    path
        A new folder.
    protocol
        Name of a template, or path of a YAML file.
    start
        The evening of the first night.
    seed
        64 hexadecimal digits; None: a fresh one.
    home_zone
        Time zone of the bed; None: exports must state theirs.
    now
        Aware; stands in the log.
    bedtime
        Usual bedtime, from which the times of doses follow.
    person
        Name or number of the person, one line.

    Raises
    ------
    FolderError
        The folder is there already, or may not be written.
    """
    begun = _beginning(protocol, home_zone=home_zone, bedtime=bedtime, now=now, person=person)
    schedule = randomise(begun.protocol, start=start, seed=seed or new_seed())
    return _create(path, begun, schedule)


def make_blind_trial(
    path: Path,
    *,
    protocol: str,
    start: date,
    seed: str | None,
    home_zone: ZoneInfo | None,
    now: datetime,
    bedtime: time = BEDTIME,
    person: str = "",
    helper: Path,
    passphrase: str | None = None,
) -> TrialFolder:
    """Make a trial folder whose arms are hidden, and another one for the helper who packs the kits.

    Parameters
    ----------
    helper
        A new folder outside the trial's: packing list, labels and, without a passphrase, the key.
    passphrase
        The helper's own; the key then lies sealed in the trial's folder.

    Raises
    ------
    BlindingError
        The arms cannot be hidden.
    FolderError
        One of the folders is there already, or may not be written.
    """
    begun = _beginning(protocol, home_zone=home_zone, bedtime=bedtime, now=now, person=person)
    refuse_unblindable(begun.protocol)
    seed = seed or new_seed()
    key = draw_key(begun.protocol, seed)
    coded = coded_schedule(randomise(begun.protocol, start=start, seed=seed), key.arms)
    return hand_to_helper(path, begun, coded, key, helper=helper, passphrase=passphrase)


def hand_to_helper(
    path: Path, begun: Beginning, coded: Schedule, key: Key, *, helper: Path, passphrase: str | None = None
) -> TrialFolder:
    """Make both folders from a schedule with letters and the key to it; both or neither."""
    if helper.resolve() == path.resolve() or path.resolve() in helper.resolve().parents:
        raise FolderError(f"{helper}: inside the trial's folder: give the helper a folder elsewhere")
    if helper.exists() and (not helper.is_dir() or any(helper.iterdir())):
        raise FolderError(f"{helper}: is there already: give the helper a new folder with --helper")
    promise = commitment(key)
    files: dict[str, str | bytes] = {}
    helper_files = {
        "packing.html": packing_html(
            coded,
            begun.protocol,
            key,
            commitment=promise,
            sealed=bool(passphrase),
            folder=path.resolve().name,
            person=begun.person,
        ),
        "labels.html": labels_html(coded, begun.protocol, person=begun.person),
    }
    if passphrase:
        files[SEALED_KEY] = sealed_by_passphrase(key, passphrase)
    else:
        helper_files[KEY_FILE] = key.text
    folder = _create(path, begun, coded, files=files, hidden="helper", commitment=promise)
    try:
        helper.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in helper_files.items():
            write_whole(helper / name, content)
    except (OSError, FolderError) as error:
        # Without packing list and key the trial cannot be run.
        shutil.rmtree(path, ignore_errors=True)
        raise FolderError(
            f"{helper}: cannot be written ({error}): choose another place with --helper"
        ) from error
    return folder


def make_enveloped_trial(
    path: Path,
    *,
    protocol: str,
    start: date,
    seed: str | None,
    home_zone: ZoneInfo | None,
    now: datetime,
    bedtime: time = BEDTIME,
    person: str = "",
) -> TrialFolder:
    """Make a trial folder for somebody without a helper: letters whose arms are settled by shuffling boxes by hand.

    Raises
    ------
    BlindingError
        The arms cannot be hidden.
    """
    begun = _beginning(protocol, home_zone=home_zone, bedtime=bedtime, now=now, person=person)
    refuse_unblindable(begun.protocol)
    drawn = randomise(begun.protocol, start=start, seed=seed or new_seed())
    # Nobody knows which arm a letter stands for; these are placeholders.
    letters = dict(zip(LETTERS, begun.protocol.arm_names, strict=False))
    coded = replace(coded_schedule(drawn, letters), seed=drawn.seed)
    page = envelopes_html(coded, begun.protocol, folder=path.resolve().name, person=begun.person)
    return _create(path, begun, coded, files={"envelopes.html": page}, hidden="envelopes")


def write_calendar(
    folder: TrialFolder, pauses: Sequence[tuple[date, date]], *, edition: int, now: datetime
) -> Path:
    """Write calendar and sheet anew, with the bedtime of now and the pauses.

    Returns
    -------
    The calendar, whose entries replace those of an earlier edition when it is imported again.

    Raises
    ------
    FolderError
        A file cannot be written.
    """
    hidden: Hidden = folder.hidden if folder.sealed else ""
    schedule, plan = folder.schedule, folder.protocol
    nights = [night.date() for night in schedule.table["night"]]
    calendar = calendar_ics(
        schedule,
        plan,
        bedtime=folder.bedtime,
        hidden=hidden,
        commitment=folder.commitment,
        person=folder.person,
        paused={night for night in nights if any(first <= night <= last for first, last in pauses)},
        edition=edition,
        now=now,
    )
    sheet = sheet_html(
        schedule,
        plan,
        hidden=hidden,
        commitment=folder.commitment,
        bedtime=folder.bedtime,
        person=folder.person,
    )
    write_whole(folder.path / CALENDAR, calendar)
    write_whole(folder.path / SHEET, sheet)
    return folder.path / CALENDAR


def _beginning(
    protocol: str, *, home_zone: ZoneInfo | None, bedtime: time, now: datetime, person: str
) -> Beginning:
    if len(person) > LONGEST_NAME or visible(person) != person:
        raise FolderError(f"--person: {shortened(person, LONGEST_NAME)!r}: give a name or number of one line")
    source = protocol_path(protocol)
    return Beginning(
        protocol=read_protocol(source),
        source=source.read_text(encoding="utf-8-sig"),
        home_zone=home_zone,
        bedtime=bedtime,
        now=now,
        person=person.strip(),
    )


def _create(
    path: Path,
    begun: Beginning,
    schedule: Schedule,
    *,
    files: Mapping[str, str | bytes] = {},
    hidden: Hidden = "",
    commitment: str = "",
) -> TrialFolder:
    plan = begun.protocol
    printed: dict[str, str | bytes] = {
        CALENDAR: calendar_ics(
            schedule,
            plan,
            bedtime=begun.bedtime,
            hidden=hidden,
            commitment=commitment,
            person=begun.person,
            now=begun.now,
        ),
        SHEET: sheet_html(
            schedule,
            plan,
            hidden=hidden,
            commitment=commitment,
            bedtime=begun.bedtime,
            person=begun.person,
        ),
    }
    if SCHEMA_FILE in begun.source:
        # The first line of a template names it to the editor, which looks beside the protocol
        printed[SCHEMA_FILE] = protocol_schema()
    return create_folder(
        path,
        protocol_source=begun.source,
        protocol=plan,
        schedule=schedule,
        diary=blank_diary(schedule, plan),
        home_zone=begun.home_zone,
        now=begun.now,
        files={**printed, **files},
        bedtime=begun.bedtime,
        hidden=hidden,
        commitment=commitment,
        person=begun.person,
    )
