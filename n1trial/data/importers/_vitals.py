"""Vital signs of a sleep: the night is right without them, so an impossible one is left out with a flag."""

from msgspec.structs import replace

from n1trial.data.episodes import SleepEpisode
from n1trial.data.flags import Flag

# A number, or the text of a cell.
type Reading = float | str | None

# Wider than any sleeper: what lies outside is damage, or another unit.
_HRV_MS = (1.0, 500.0)
_BPM = (20.0, 220.0)
_RPM = (4.0, 60.0)
_DEVIATION_C = (-10.0, 10.0)
_ROUNDING_BPM = 1


def with_vitals(
    episode: SleepEpisode,
    *,
    hrv_rmssd_ms: Reading = None,
    heart_rate_min_bpm: Reading = None,
    heart_rate_mean_bpm: Reading = None,
    respiratory_rate_rpm: Reading = None,
    skin_temp_deviation_c: Reading = None,
) -> SleepEpisode:
    """Return a record with its vital signs; those that cannot be are None, with a flag that names them.

    0 is what vendors write for *not measured*, but not as a deviation of temperature.
    """
    if (
        None
        is hrv_rmssd_ms
        is heart_rate_min_bpm
        is heart_rate_mean_bpm
        is respiratory_rate_rpm
        is skin_temp_deviation_c
    ):
        return episode
    lowest = _plausible(heart_rate_min_bpm, _BPM)
    mean = _plausible(heart_rate_mean_bpm, _BPM)
    if lowest is not None and mean is not None and lowest > mean + _ROUNDING_BPM:
        # Which of the two is wrong is not known.
        lowest = mean = None
    hrv = _plausible(hrv_rmssd_ms, _HRV_MS)
    breaths = _plausible(respiratory_rate_rpm, _RPM)
    deviation = _plausible(skin_temp_deviation_c, _DEVIATION_C)
    impossible = []
    if None in (hrv, lowest, mean, breaths, deviation):
        impossible = [
            Flag(f"{name}_implausible")
            for name, value, reading in (
                ("hrv_rmssd_ms", hrv, hrv_rmssd_ms),
                ("heart_rate_min_bpm", lowest, heart_rate_min_bpm),
                ("heart_rate_mean_bpm", mean, heart_rate_mean_bpm),
                ("respiratory_rate_rpm", breaths, respiratory_rate_rpm),
                ("skin_temp_deviation_c", deviation, skin_temp_deviation_c),
            )
            if value is None and reading is not None and _number(reading) != 0
        ]
    return replace(
        episode,
        hrv_rmssd_ms=hrv,
        heart_rate_min_bpm=lowest,
        heart_rate_mean_bpm=mean,
        respiratory_rate_rpm=breaths,
        skin_temp_deviation_c=deviation,
        flags=(*episode.flags, *impossible),
    )


def _plausible(reading: Reading, limits: tuple[float, float]) -> float | None:
    if reading is None:
        return None
    value = _number(reading)
    return value if value is not None and limits[0] <= value <= limits[1] else None


def _number(reading: float | str) -> float | None:
    """A number, also one with a decimal comma; None where the text is none."""
    if isinstance(reading, str):
        try:
            return float(reading.replace(",", "."))
        except ValueError:
            return None
    return float(reading)
