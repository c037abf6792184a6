"""Which device and algorithm recorded when, and how two devices agree. A change of either moves the level."""

from collections import Counter
from collections.abc import Iterator

from n1trial.data.night_assembly import NightRecords
from n1trial.data.recorders import recorder_eras
from n1trial.trial_folder.quality.evidence import Evidence, Finding, counted

LEAST_SHARED = 2


def eras(evidence: Evidence) -> Iterator[Finding]:
    """Each unbroken run of nights by one device and algorithm, and the nights at each resolution."""
    runs = list(recorder_eras(evidence.traced))
    for name, nights in runs:
        sentence = f"{name}: {counted(len(nights), 'night')}, {nights[0]} to {nights[-1]}"
        yield Finding(check="device", said=sentence)
    if len(runs) > 1:
        yield Finding(
            check="device",
            said=f"changed {counted(len(runs) - 1, 'time')}: nights before and after compare less well",
            nights=tuple(nights[0] for _, nights in runs[1:]),
        )
    at = Counter(_resolution(night) for night in evidence.traced if night.main)
    if len(at) > 1:
        counts = ", ".join(f"{counted(number, 'night')} at {what}" for what, number in at.most_common())
        yield Finding(check="resolution", said=f"{counts}: wake counts compare less well between them")


def agreement(evidence: Evidence) -> Iterator[Finding]:
    """Two devices on the same nights: mean difference of sleep time, and its SD (Bland and Altman 1986)."""
    mine = evidence.recorded.set_index("date")["tst_min"]
    for name, table in evidence.others.items():
        other = table.assign(date=table["night"].dt.date).set_index("date")["tst_min"]
        difference = (mine - other).dropna()
        if len(difference) < LEAST_SHARED:
            sentence = (
                f"{evidence.device} and {name} share {counted(len(difference), 'night')}: too few to compare"
            )
        else:
            sentence = (
                f"{evidence.device} minus {name} on {len(difference)} shared nights: sleep time"
                f" {difference.mean():+.0f} min on average, SD {difference.std():.0f} min"
            )
        yield Finding(check="two devices", said=sentence)


def _resolution(night: NightRecords) -> str:
    resolutions = sorted({str(part.resolution_s) for part in night.joined if part.resolution_s})
    return "+".join("intervals" if each == "event" else f"{each} s" for each in resolutions) or "none stated"
