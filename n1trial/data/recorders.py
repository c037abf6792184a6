"""Which watch, app or layout each night comes from; a change of it can look like an effect."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

from n1trial.data.episodes import SleepEpisode
from n1trial.data.night_assembly import NightRecords

# Two recorders differ in one of these: device, algorithm, layout of the file, and the app that wrote it.
_Recorder = tuple[str, str, str, str]


def recorder_names(nights: Sequence[NightRecords]) -> dict[date, str]:
    """Name what recorded each night that has sleep, as far as it differs between them.

    Two watches of one kind are numbered in the order of their first night: what people call their watches is often
    their own name, which no importer keeps.
    """
    recorded = {night.night: _recorder(night.main) for night in nights if night.main}
    several_layouts = len({layout for _, _, layout, _ in recorded.values()}) > 1
    apps: dict[str, list[str]] = {}
    for device, _, _, app in recorded.values():
        if app not in apps.setdefault(device, []):
            apps[device].append(app)
    return {
        night: _name(recorder, apps, several_layouts=several_layouts) for night, recorder in recorded.items()
    }


def recorder_eras(nights: Sequence[NightRecords]) -> Iterator[tuple[str, list[date]]]:
    """Each unbroken run of nights by one recorder: its name, and the nights."""
    names = recorder_names(nights)
    for name, run in groupby(sorted(names), key=lambda night: names[night]):
        yield name, list(run)


def recorder_line(nights: Sequence[NightRecords], *, dates: bool = True) -> str:
    """Say which nights come from which recorder; empty where all come from one.

    Parameters
    ----------
    dates
        With the first and last night of each; a report that is shared has no dates.
    """
    names = recorder_names(nights)
    by_name: dict[str, list[date]] = {}
    for night in sorted(names):
        by_name.setdefault(names[night], []).append(night)
    if len(by_name) < 2:
        return ""
    parts = [
        f"{len(run)} from {name}" + (f" ({run[0]} to {run[-1]})" if dates else "")
        for name, run in by_name.items()
    ]
    return f"nights by different recorders, whose difference can look like an effect: {', '.join(parts)}"


def _recorder(main: SleepEpisode) -> _Recorder:
    return main.device or main.source, main.algorithm, main.layout, main.app


def _name(recorder: _Recorder, apps: dict[str, list[str]], *, several_layouts: bool) -> str:
    device, algorithm, layout, app = recorder
    parts = [device if len(apps[device]) < 2 else f"{device} ({apps[device].index(app) + 1})"]
    if algorithm:
        parts.append(f"algorithm {algorithm}")
    if several_layouts and layout:
        parts.append(layout)
    return ", ".join(parts)
