"""Nights in a few lines for a terminal: how many, when, how long, which are absent, and what their flags mean."""

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from n1trial.data.flags import parse_flags
from n1trial.data.nights import Nights
from n1trial.markup.text import visible

GAPS_SHOWN = 5
# The value of a flag does not change what its word means.
FLAGS = {
    "classic": "an older Fitbit record, without sleep stages",
    "copies_differ": "the same record has two contents: the later and longer one is used",
    "cut_min": "minutes of stages after the end of the record, cut",
    "damaged": "a record that could not be read whole",
    "diary": "written down by the person, not measured",
    "dst_back": "the clocks went back in this night",
    "dst_forward": "the clocks went forward in this night",
    "evening_part": "one of its records began in the evening, before the main sleep",
    "excel_date": "a spreadsheet changed how its date is written",
    "gap_min": "minutes between the records of the night, out of bed or not recorded",
    "heart_rate_mean_bpm_implausible": "a mean heart rate that cannot be: not used",
    "heart_rate_min_bpm_implausible": "a lowest heart rate that cannot be: not used",
    "hrv_rmssd_ms_implausible": "a heart rate variability that cannot be: not used",
    "hypnogram_corrupt": "stages that cannot be: only sums are used",
    "implausible": "numbers that cannot be: not used",
    "in_bed_only": "time in bed without sleep",
    "infoCode": "Fitbit's own code for a night that it could not stage",
    "latency_implausible": "a time to fall asleep that cannot be: not used",
    "left_out": "records of the night that are not used",
    "longest_sleep_min_implausible": "a longest sleep that is more than all sleep: not used",
    "manual": "entered by hand",
    "missing": "no usable sleep time",
    "mixed_resolution": "records of different resolution: wake counts compare less well",
    "movement_staging": "sleep told from movement alone",
    "nap_only": "a nap and no night's sleep",
    "naps": "naps of the same day, not in the night's sleep",
    "no_rem": "stages without REM sleep",
    "no_stages": "no sleep stages",
    "no_wake_count": "wake episodes cannot be counted",
    "not_confirmed": "the vendor did not confirm the night",
    "offset_change": "the time zone changed in this night",
    "out_of_bed_min": "minutes out of bed",
    "overlap_dropped": "records that overlap another and are not used",
    "records": "so many records make the day",
    "res": "seconds an epoch, or event",
    "respiratory_rate_rpm_implausible": "a breathing rate that cannot be: not used",
    "several_main": "the vendor calls more than one record the main sleep",
    "several_sleeps": "one record holds several sleeps",
    "skin_temp_deviation_c_implausible": "a skin temperature that cannot be: not used",
    "split": "the night is made of so many records",
    "stages_unnamed": "stages whose names are not known",
    "tib_mismatch": "time in bed and its parts differ by so many minutes",
    "too_short": "too little sleep to be a night",
    "tst_mismatch": "the vendor's sleep time and its stages differ",
    "unknown_min": "minutes of which the stage is not known",
    "unmeasured_min": "minutes that the device did not measure",
    "unpainted_min": "minutes without any stage",
    "unprocessed": "the vendor has not analysed the record yet",
    "unscored": "the vendor gives no sleep time",
    "unstaged": "the vendor gives no stages",
    "utc_assumed": "the file does not say its time zone: read as UTC",
    "vendor_awakenings": "the vendor's own count of awakenings",
    "vendor_main_differs": "the vendor calls another record the main sleep",
}
# Of nearly every night, and nothing to worry about.
_USUAL = {"res", "vendor_awakenings"}


def summary_lines(nights: Nights) -> Iterator[str]:
    """How many nights from when to when, their sleep time, the gaps, and the flags with their meaning."""
    table = nights.table
    if table.empty:
        yield "no nights"
        return
    days = table["night"].dt.date
    minutes = table["tst_min"].dropna()
    yield f"{_counted(len(table))}, {days.iloc[0]} to {days.iloc[-1]}; {len(minutes)} with a sleep time"
    if len(minutes):
        spread = f", SD {minutes.std():.0f} min" if len(minutes) > 1 else ""
        hours, rest = divmod(round(minutes.mean()), 60)
        yield (
            f"sleep time: mean {hours} h {rest:02} min ({minutes.mean():.0f} min){spread}, from {minutes.min():.0f}"
            f" to {minutes.max():.0f} min"
        )
    yield from _gaps(table["night"])
    words = Counter(
        word for flags in table["flags"].dropna() for word in {flag.word for flag in parse_flags(flags)}
    )
    for word, count in sorted(words.items(), key=lambda counted: (-counted[1], counted[0])):
        if word not in _USUAL:
            yield f"flag {visible(word)} on {_counted(count)}: {FLAGS.get(word, 'see the importer')}"


def _counted(nights: int) -> str:
    return f"{nights} night" if nights == 1 else f"{nights} nights"


def _gaps(nights: pd.Series) -> Iterator[str]:
    days_since_last = nights.diff().dt.days
    gaps = [
        (night - pd.Timedelta(days=days - 1), int(days) - 1)
        for night, days in zip(nights, days_since_last, strict=True)
        if days > 1
    ]
    if not gaps:
        yield "no night is absent in between"
        return
    longest = sorted(gaps, key=lambda gap: -gap[1])[:GAPS_SHOWN]
    shown = ", ".join(
        f"{first:%Y-%m-%d}" if count == 1 else f"{count} from {first:%Y-%m-%d}"
        for first, count in sorted(longest)
    )
    more = f" and {len(gaps) - GAPS_SHOWN} more" if len(gaps) > GAPS_SHOWN else ""
    yield f"absent in between: {_counted(sum(count for _, count in gaps))} ({shown}{more})"
