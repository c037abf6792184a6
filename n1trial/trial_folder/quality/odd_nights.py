"""Nights that a reader should look at: in pieces, beyond what a night can hold, or doubted by the device."""

from collections.abc import Iterator
from datetime import date

from n1trial.data.not_used import NotUsed
from n1trial.trial_folder.quality.evidence import Evidence, Finding, counted

SHORT_TST_MIN, LONG_TST_MIN, LONG_TIB_MIN = 120, 14 * 60, 16 * 60

# Flags of nights whose numbers are made otherwise, or of less, than those of the others.
WORDS = {
    "several_main": "two sleeps long enough to be the night; the longest is used",
    "evening_part": "a sleep of the evening is joined to the night",
    "nap_only": "only a nap was recorded; the night is missing",
    "manual": "typed in by hand, not measured",
    "classic": "recorded without sleep stages",
    "copies_differ": "two exports hold different copies; the later and longer one is used",
    "overlap_dropped": "records overlap; the longer one is used",
    "unknown_min": "the device does not know part of it",
    "wakecount_mismatch": "the vendor counts another number of wakes",
    "tib_mismatch": "the vendor's time in bed is another",
    "hypnogram_corrupt": "the sleep stages are damaged",
    "mixed_resolution": "its parts were recorded at different resolutions",
    "no_wake_count": "no wake episodes can be counted",
    "period_cap": "cut by the device at its longest period",
    "excel_date": "a spreadsheet has changed the file",
}


def split(evidence: Evidence) -> Iterator[Finding]:
    """Nights in several records; the time between them counts as awake."""
    nights = evidence.flagged("split")
    if nights:
        yield Finding(
            check="split nights",
            said=f"{counted(len(nights), 'night')} joined from several records",
            nights=nights,
        )


def implausible(evidence: Evidence) -> Iterator[Finding]:
    """Very short or long nights, which stay in the analysis, and records that cannot be, which do not."""
    table = evidence.recorded
    for what, odd in (
        (f"sleep under {SHORT_TST_MIN // 60} h", table["tst_min"] < SHORT_TST_MIN),
        (f"sleep over {LONG_TST_MIN // 60} h", table["tst_min"] > LONG_TST_MIN),
        (f"in bed over {LONG_TIB_MIN // 60} h", table["tib_min"] > LONG_TIB_MIN),
    ):
        nights: tuple[date, ...] = tuple(table.loc[odd, "date"])
        if nights:
            yield Finding(
                check="implausible", said=f"{counted(len(nights), 'night')} with {what}; kept", nights=nights
            )
    impossible = tuple(
        night.night
        for night in evidence.traced
        if any(why is NotUsed.IMPLAUSIBLE for _, why in night.left_out)
    )
    if impossible:
        yield Finding(
            check="implausible",
            said=f"{counted(len(impossible), 'night')} with a record with more sleep than time, or none; left out",
            nights=impossible,
        )


def flagged(evidence: Evidence) -> Iterator[Finding]:
    """Nights with a flag that a reader should know, by flag."""
    for word, meaning in WORDS.items():
        nights = evidence.flagged(word)
        if nights:
            yield Finding(check="look at", said=f"{counted(len(nights), 'night')}: {meaning}", nights=nights)
