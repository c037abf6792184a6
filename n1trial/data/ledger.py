"""Every planned night and what became of it, by file › record; records not used have a reason. Never an arm."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from n1trial.data.episodes import SleepEpisode
from n1trial.data.left_out import LeftOut
from n1trial.data.night_assembly import NightRecords, NightRule, night_records
from n1trial.data.record_selection import asleep_min, select_records
from n1trial.data.trial_data import ANALYSED, TrialData
from n1trial.markup.text import spreadsheet_safe, visible

COLUMNS = ("night", "became", "records", "not_used", "flags")
OUTSIDE = "outside the trial"
CUT = "cut_min"


def trace_nights(episodes: Iterable[SleepEpisode], *, rule: NightRule | None = None) -> list[NightRecords]:
    """The records of each night of one device: those that make it, and the others with the reason."""
    return list(night_records(episodes, rule=rule or NightRule()))


def where_from(episode: SleepEpisode) -> str:
    """File › record, as it can be found in the export."""
    return f"{episode.source_file} › {episode.record_id}"


def ledger_table(data: TrialData, nights: Sequence[NightRecords]) -> pd.DataFrame:
    """One row a planned or recorded night with `COLUMNS`; a night without record has empty `records`.

    Parameters
    ----------
    nights
        Of the device that `data` was joined with.
    """
    planned = data.ledger(data.outcomes[0]).assign(flags=data.table["flags"])
    became = {row.night.date(): (row.became, row.flags) for row in planned.itertuples()}
    traced = {night.night: night for night in nights}
    rows = []
    for night in sorted({*became, *traced}):
        what, flags = became.get(night, (OUTSIDE, ""))
        records = traced.get(night)
        rows.append(
            {
                "night": night,
                "became": what,
                "records": " + ".join(map(where_from, records.joined)) if records else "",
                "not_used": "; ".join(f"{where_from(episode)}: {why}" for episode, why in records.left_out)
                if records
                else "",
                "flags": flags,
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ledger_csv(table: pd.DataFrame) -> str:
    """The ledger as CSV text; what a file's name holds is never run by a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in table.itertuples(index=False):
        cells = [visible(str(cell)) for cell in row]
        writer.writerow([spreadsheet_safe(cell) for cell in cells])
    return text.getvalue()


def record_lines(episodes: Sequence[SleepEpisode], *, rule: NightRule | None = None) -> Iterator[str]:
    """How many records of one device count, and why each other one does not."""
    selected = select_records(episodes, least_part_min=(rule or NightRule()).least_part_min)
    reasons = Counter(why.words for _, why in selected.left_out)
    copies = len(episodes) - len(selected.used) - len(selected.left_out)
    if copies:
        reasons["copy"] = copies
    line = f"{episodes[0].source}: {len(episodes)} records, {len(selected.used)} kept"
    if reasons:
        reasons_in_words = ", ".join(f"{count} {why}" for why, count in reasons.most_common())
        line += f", {sum(reasons.values())} left out ({reasons_in_words})"
    hours = sum(max(asleep_min(episode), 0) for episode, _ in selected.left_out) / 60
    if hours:
        line += f" with {hours:.1f} h of sleep in them"
    cut = [flag.number for episode in selected.used for flag in episode.flags if flag.word == CUT]
    if cut:
        line += f"; stages after the end of {len(cut)} were cut, {sum(cut):.0f} min in all"
    yield visible(line)


def ledger_lines(data: TrialData) -> Iterator[str]:
    """What became of the planned nights, by outcome; never by arm."""
    for outcome in data.outcomes:
        became = data.ledger(outcome)["became"].value_counts()
        # First what is analysed, last what is to come.
        ordered = sorted(
            became.index, key=lambda what: (what != ANALYSED, what == LeftOut.TO_COME, -became[what])
        )
        yield f"{outcome.name}: " + ", ".join(f"{became[what]} {what}" for what in ordered)
    for note in data.notes:
        yield f"note: {visible(note)}"
