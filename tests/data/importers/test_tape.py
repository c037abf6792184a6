import io
import os
import tarfile
import time

import pytest
from paths import EXPORTS

from n1trial.data.importers import read_exports
from n1trial.data.nights import nightly, nights_csv
from n1trial.errors import ExportError

GOLDEN = EXPORTS / "fitbit"
EXPORT = next(path for path in sorted(GOLDEN.rglob("export")) if list(path.rglob("sleep-*.json")))


def tape(path, files, *, mode="w:gz"):
    with tarfile.open(path, mode) as members:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            members.addfile(info, io.BytesIO(content))
    return path


def files_of(folder):
    return {
        f"Takeout/{path.relative_to(folder)}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["takeout.tgz", "takeout.tar.gz"])
def test_a_tape_gives_the_same_nights_as_its_folder(name, tmp_path):
    path = tape(tmp_path / name, files_of(EXPORT))
    one, other = (nights_csv(nightly(read_exports([each]))) for each in (EXPORT, path))
    assert one == other


def test_members_of_whole_blocks_are_read_without_beginning_anew(tmp_path):
    padded = {name: content + b" " * (-len(content) % 512) for name, content in files_of(EXPORT).items()}
    between = {f"Takeout/Fitbit/heart_rate-{day}.json": os.urandom(512 * 200) for day in range(300)}
    path = tape(tmp_path / "takeout.tgz", between | padded)
    started = time.perf_counter()
    assert nights_csv(nightly(read_exports([path]))) == nights_csv(nightly(read_exports([EXPORT])))
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"../sleep-2025-03-01.json": b"[]"}, "leads out of the archive"),
        ({"/etc/sleep-2025-03-01.json": b"[]"}, "leads out of the archive"),
        ({"a/sleep-2025-03-01.json": b" " * 100_000_000}, "cannot be read|larger than"),
        ({"a/profile.csv": b""}, "no importer recognises it"),
    ],
)
def test_a_hostile_tape_is_refused(files, message, tmp_path):
    with pytest.raises(ExportError, match=message):
        read_exports([tape(tmp_path / "takeout.tgz", files)])
    assert [path.name for path in tmp_path.iterdir()] == ["takeout.tgz"]


def test_a_link_named_as_sleep_is_refused(tmp_path):
    path = tmp_path / "takeout.tgz"
    with tarfile.open(path, "w:gz") as members:
        info = tarfile.TarInfo("a/sleep-2025-03-01.json")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        members.addfile(info)
    with pytest.raises(ExportError, match="is a link"):
        read_exports([path])


def test_a_bomb_is_refused_before_it_grows(tmp_path):
    path = tape(
        tmp_path / "takeout.tgz", {"a/heart.json": b"\0" * 60_000_000, "a/sleep-2025-03-01.json": b"[]"}
    )
    with pytest.raises(ExportError, match="would grow more than 200 times"):
        read_exports([path])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_cut_tape_gives_nothing(share, tmp_path):
    whole = tape(tmp_path / "whole.tgz", files_of(EXPORT)).read_bytes()
    cut = tmp_path / "takeout.tgz"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ExportError):
        read_exports([cut])


def test_a_tape_that_is_none_is_refused(tmp_path):
    (tmp_path / "takeout.tgz").write_bytes(b"PK\5\6 nothing of the kind")
    with pytest.raises(ExportError, match="cannot be read"):
        read_exports([tmp_path / "takeout.tgz"])
