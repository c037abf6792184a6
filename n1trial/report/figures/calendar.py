"""Every planned night in calendar order.

A filled mark is an analysed night. A hollow one was left out: at its own height where it was recorded, at the bottom
where it was not. The legend names the reasons.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from n1trial.data.left_out import LeftOut
from n1trial.data.trial_data import ANALYSED, TrialData
from n1trial.design.outcomes import Outcome
from n1trial.markup.text import visible
from n1trial.markup.theme import LINE, MUTED
from n1trial.report.figures.canvas import LETTER, TEXT, WIDE, Canvas, canvas, fitted, label_ticks
from n1trial.report.figures.levels import draw_levels, level_limits, level_title
from n1trial.report.figures.palette import arm_styles

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HOLLOW = ("o", "s", "^", "D", "v", "p")
LEFT, RIGHT, PLOT, STRIP, FOOT, AXIS = 34.0, 8.0, 132.0, 18.0, 16.0, 24.0
TITLE, KEY = 28.0, 20.0
NIGHTS_A_ROW_WIDE, NIGHTS_A_ROW_NARROW = 170, 63


def every_night(data: TrialData, *, width: float = WIDE) -> Figure:
    """All nights of a trial: one panel per outcome, rows of whole periods, the mean of every period."""
    rows = list(_rows(data.table, NIGHTS_A_ROW_NARROW if width < 500 else NIGHTS_A_ROW_WIDE))
    reasons = _reasons(data)
    keys = _key_lines(data, reasons, width)
    row_height = STRIP + PLOT + FOOT + AXIS
    page = canvas(width, KEY * len(keys) + len(data.outcomes) * (TITLE + len(rows) * row_height) + 6)
    _draw_keys(page, keys)
    place = KEY * len(keys)
    for outcome in data.outcomes:
        page.text(4, place + TITLE / 2 + 2, level_title(outcome), fontweight="bold")
        place += TITLE
        for row in rows:
            axes = page.axes(left=LEFT, top=place, width=width - LEFT - RIGHT, height=STRIP + PLOT + FOOT)
            _draw_row(axes, row, outcome, data, reasons, width=width - LEFT - RIGHT)
            place += row_height
    return page.figure


def _rows(table: pd.DataFrame, nights: int) -> Iterator[pd.DataFrame]:
    """The table divided into rows of about this many nights, at ends of periods where those are near."""
    rows = max(1, int(np.ceil(len(table) / nights)))
    wanted = np.linspace(0, len(table), rows + 1).round().astype(int)
    ends = np.flatnonzero(np.diff(table["period"].to_numpy(), append=-1)) + 1
    cuts = [0]
    for cut in wanted[1:-1]:
        nearest = int(ends[np.abs(ends - cut).argmin()])
        cuts.append(nearest if abs(nearest - cut) <= nights // 4 and nearest > cuts[-1] else int(cut))
    for start, end in zip(cuts, [*cuts[1:], len(table)], strict=True):
        yield table.iloc[start:end]


def _reasons(data: TrialData) -> Mapping[str, str]:
    """Each reason for leaving a night out, and its hollow mark."""
    reasons = dict.fromkeys(reason for reason in data.table["left_out"] if reason)
    if any(data.ledger(outcome)["became"].eq(LeftOut.NOT_RECORDED).any() for outcome in data.outcomes):
        reasons |= {LeftOut.NOT_RECORDED: None}
    return {reason: HOLLOW[min(number, len(HOLLOW) - 1)] for number, reason in enumerate(reasons)}


type _Key = tuple[str, str, str, bool]


def _key_lines(data: TrialData, reasons: Mapping[str, str], width: float) -> list[list[_Key]]:
    """The legend in lines that fit: arms first, then the reasons for hollow marks."""
    styles = arm_styles(data)
    arms = [(styles[arm].marker, styles[arm].light, data.labels[arm], True) for arm in data.arms]
    counted = data.table["left_out"].value_counts()
    left_out = [
        (mark, MUTED.light, _reason_in_words(LeftOut(reason), counted.get(reason)), False)
        for reason, mark in reasons.items()
    ]
    lines: list[list[_Key]] = []
    for group in (arms, left_out):
        lines.append([])
        for mark, colour, text, filled in group:
            key = (mark, colour, fitted(text, width - 40), filled)
            if lines[-1] and sum(_key_width(each) for each in [*lines[-1], key]) > width:
                lines.append([])
            lines[-1].append(key)
    return [line for line in lines if line]


def _reason_in_words(reason: LeftOut, nights: int | None) -> str:
    """The reason as in the legend, with its nights where they are counted; a night to come is not left out."""
    counted = reason.detail if nights is None else f"{reason.detail} ({nights})"
    return counted if reason is LeftOut.TO_COME else f"left out: {counted}"


def _key_width(key: _Key) -> float:
    return 32 + len(key[2]) * LETTER * TEXT


def _draw_keys(page: Canvas, lines: list[list[_Key]]) -> None:
    axes = page.axes(left=0, top=0, width=page.width, height=KEY * len(lines))
    axes.set_xlim(0, page.width)
    for number, line in enumerate(lines):
        place, y = 10.0, KEY * (len(lines) - number - 0.5)
        for key in line:
            mark, colour, text, filled = key
            axes.plot(
                [place],
                [y],
                mark,
                color=colour,
                markerfacecolor=colour if filled else "none",
                markersize=8,
                clip_on=False,
            )
            page.text(place + 10, KEY * (number + 0.5), text, color=colour, fontsize=TEXT - 0.5)
            place += _key_width(key)


def _draw_row(
    axes: Axes,
    row: pd.DataFrame,
    outcome: Outcome,
    data: TrialData,
    reasons: Mapping[str, str],
    *,
    width: float,
) -> None:
    low, high = level_limits(data.table[outcome.name])
    first, last = float(row["day"].iloc[0]), float(row["day"].iloc[-1])
    axes.set_xlim(first - 1, last + 1)
    night_px = width / (last - first + 2)
    draw_levels(axes, outcome, low, high, foot=FOOT, height=PLOT)
    height = FOOT + PLOT * (row[outcome.name] - low) / (high - low)
    became = data.ledger(outcome)["became"].loc[row.index]
    size = min(6.0, max(4.2, 0.95 * night_px))
    for reason, mark in reasons.items():
        out = became == reason
        axes.plot(
            row.loc[out, "day"],
            height[out].fillna(FOOT / 2),
            mark,
            markerfacecolor="none",
            markeredgecolor=MUTED.light,
            markersize=size,
        )
    styles = arm_styles(data)
    for arm in data.arms:
        chosen = (became == ANALYSED) & (row["arm"] == arm)
        axes.plot(
            row.loc[chosen, "day"],
            height[chosen],
            styles[arm].marker,
            color=styles[arm].light,
            markersize=size,
            markeredgewidth=0,
        )
    _draw_periods(axes, row, height, became, data, night_px)
    _draw_calendar(axes, row, night_px)


def _draw_periods(
    axes: Axes, row: pd.DataFrame, height: pd.Series, became: pd.Series, data: TrialData, night_px: float
) -> None:
    """Mean of every period as a line, with the arm's name or shape above and a rule at its end."""
    styles, top = arm_styles(data), STRIP + PLOT + FOOT - 7
    ends: list[tuple[float, float]] = []
    # Lines and shapes of one arm are one path with gaps: a path for each would double the size of the page.
    means: dict[str, list[tuple[float, float]]] = {arm: [] for arm in data.arms}
    shapes: dict[str, list[float]] = {arm: [] for arm in data.arms}
    for _, period in row.groupby("period", sort=False):
        begin, end = float(period["day"].iloc[0]) - 0.5, float(period["day"].iloc[-1]) + 0.5
        arm, period_px = str(period["arm"].iloc[0]), (end - begin) * night_px
        if arm not in styles:
            continue
        nights = period.index[became.loc[period.index] == ANALYSED]
        if len(period) > 1:
            ends += [(end, 0.0), (end, STRIP + PLOT + FOOT), (np.nan, np.nan)]
            if len(nights):
                mean = float(height.loc[nights].mean())
                means[arm] += [(begin + 0.2, mean), (end - 0.2, mean), (np.nan, np.nan)]
        run_in = (period["left_out"] == LeftOut.RUN_IN).all()
        label = "run-in" if run_in else visible(data.labels[arm])
        if period_px > len(label) * LETTER * (TEXT - 1.5) + 3:
            colour = MUTED.light if run_in else styles[arm].light
            axes.text(
                (begin + end) / 2,
                top,
                label,
                ha="center",
                va="center",
                fontsize=TEXT - 1.5,
                color=colour,
                parse_math=False,
            )
        elif period_px > 12 and not run_in:
            shapes[arm].append((begin + end) / 2)
    if ends:
        axes.plot(*zip(*ends, strict=True), color=LINE.light, linewidth=0.8, zorder=0)
    for arm, style in styles.items():
        if means[arm]:
            x, y = zip(*means[arm], strict=True)
            axes.plot(x, y, color=style.light, linewidth=2.2, solid_capstyle="butt", clip_on=False)
        if shapes[arm]:
            axes.plot(shapes[arm], [top] * len(shapes[arm]), style.marker, color=style.light, markersize=8)


def _draw_calendar(axes: Axes, row: pd.DataFrame, night_px: float) -> None:
    """The start of every month where nights have dates, else every four weeks by number."""
    if row["night"].isna().any():
        shown = row[(row["day"] % 28 == 0) | (row["day"] == row["day"].iloc[0])]
        label_ticks(axes, shown["day"], [f"night {day + 1}" for day in shown["day"]])
        return
    starts = row[(row["night"].dt.day == 1) | (row.index == row.index[0])]
    if len(starts) > 1 and (starts["day"].iloc[1] - starts["day"].iloc[0]) * night_px < 50:
        starts = starts.iloc[1:]
    step = max(1, int(np.ceil(50 / (30 * night_px))))
    starts = starts.iloc[::step]
    label_ticks(axes, starts["day"], [f"{night.day} {MONTHS[night.month - 1]}" for night in starts["night"]])
