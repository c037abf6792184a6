"""Make a trial's folder: every file of it, or nothing."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from n1trial.design.blinding import Hidden, letters_of, with_kits
from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule, schedule_csv
from n1trial.errors import FolderError
from n1trial.system.files import flush_folder, write_whole
from n1trial.trial_folder.store import database
from n1trial.trial_folder.store.folder import (
    BEDTIME,
    LETTERS_OF_PERIODS,
    TrialFolder,
    schedule_sha256,
)
from n1trial.trial_folder.store.log_events import TrialMade
from n1trial.trial_folder.store.writer import append_log


def create_folder(
    path: Path,
    *,
    protocol_source: str,
    protocol: Protocol,
    schedule: Schedule,
    diary: str,
    home_zone: ZoneInfo | None,
    now: datetime,
    files: Mapping[str, str | bytes] = {},
    bedtime: time = BEDTIME,
    hidden: Hidden = "",
    commitment: str = "",
    person: str = "",
) -> TrialFolder:
    """Make a trial folder, all of it or nothing.

    Parameters
    ----------
    protocol_source
        Text of the protocol file, kept as it was written.
    diary
        Text of the empty diary.
    now
        Aware; stands in the log.
    files
        Contents by name of what else lies in the folder: calendar, sheet, sealed key.
    bedtime, hidden, commitment, person
        As in `TrialFolder`.

    Raises
    ------
    FolderError
        Something is there already, or the place may not be written.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FolderError(f"{path}: is there already: choose a new folder, a trial is never overwritten")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    except OSError as error:
        raise FolderError(f"{path}: cannot be made ({error.strerror}): choose another place") from error
    folder = TrialFolder(
        path=draft,
        protocol=protocol,
        schedule=schedule,
        home_zone=home_zone,
        bedtime=bedtime,
        hidden=hidden,
        commitment=commitment,
        person=person,
    )
    try:
        write_whole(draft / "protocol.yaml", protocol_source)
        shown = with_kits(schedule) if hidden == "helper" else schedule
        write_whole(draft / "schedule.csv", schedule_csv(shown))
        write_whole(folder.diary, diary)
        for name, content in files.items():
            write_whole(draft / name, content)
        meta = {
            "made_by": version("n1trial"),
            "protocol_sha256": protocol.sha256,
            "schedule_sha256": schedule_sha256(schedule),
            "seed": schedule.seed,
            "home_zone": home_zone.key if home_zone else "",
            "bedtime": f"{bedtime:%H:%M}",
            "hidden": hidden,
            "commitment": commitment,
            "person": person,
            **({LETTERS_OF_PERIODS: letters_of(schedule)} if hidden == "helper" else {}),
            "protocol.yaml": protocol_source,
            "schedule.csv": schedule_csv(shown),
        }
        database.make_database(draft, meta)
        append_log(folder, TrialMade(protocol_sha256=protocol.sha256, first_night=schedule.start), now=now)
        if path.exists():
            path.rmdir()
        draft.rename(path)
        flush_folder(path.parent)
    except OSError as error:
        raise FolderError(f"{path}: cannot be made ({error.strerror}): make room and try again") from error
    except FolderError as error:
        # The draft is gone: the place is the folder that was to be.
        if not Path(error.place).is_relative_to(draft):
            raise
        place = path / Path(error.place).relative_to(draft)
        raise FolderError(error.problem, place=str(place), remedy=error.remedy) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return replace(folder, path=path)
