"""Forest plot of people: each person's effect from their own nights and from the cohort's model."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from n1trial.cohort import CohortEffect
from n1trial.markup.theme import INK, MUTED, WORSE
from n1trial.report.figures.canvas import TEXT, WIDE, canvas, fitted, label_ticks, round_ticks
from n1trial.report.figures.gain_axis import PAD, draw_zones, signed
from n1trial.report.figures.palette import ArmStyle
from n1trial.report.sentences.outcome_words import wording

MOST = 60
ROW, TOP, BOTTOM = 19.0, 30.0, 48.0
CLEAR = 1.96


def people_shown(effect: CohortEffect) -> pd.DataFrame:
    """The people in order of gain; of more than `MOST`, evenly spaced ones."""
    order = effect.people.assign(gain=effect.outcome.sign * effect.people["mean"]).sort_values(
        "gain", kind="stable"
    )
    if len(order) <= MOST:
        return order
    return order.iloc[np.unique(np.linspace(0, len(order) - 1, MOST).round().astype(int))]


def forest_of_people(
    effect: CohortEffect, raw: pd.DataFrame | None, *, style: ArmStyle, width: float = WIDE
) -> Figure:
    """One row per person, and the average below; right is better.

    Parameters
    ----------
    effect
        The contrast.
    raw : index person
        `estimate` and `error` from each person's own nights; None or missing: not drawn.
    style
        Colour and shape of the arm.
    width
        In CSS pixels.
    """
    shown, sign, mid = people_shown(effect), effect.outcome.sign, effect.outcome.mid
    alone = pd.DataFrame(columns=["estimate", "error"]) if raw is None else raw.reindex(shown.index)
    own = sign * alone["estimate"].astype(float)
    ends = np.concatenate([sign * shown[["low", "high"]].to_numpy().ravel(), own.dropna().to_numpy()])
    low, high = min(-1.8 * mid, float(ends.min())), max(2.2 * mid, float(ends.max()))
    low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    left = 90.0 if width < 500 else 150.0
    page = canvas(width, TOP + ROW * (len(shown) + 2) + BOTTOM)
    inner, height = width - 2 * PAD - left, ROW * (len(shown) + 2)
    axes = page.axes(left=PAD + left, top=TOP, width=inner, height=height)
    axes.set_xlim(low, high)
    draw_zones(axes, mid)
    for number, (name, row) in enumerate(shown.iterrows()):
        y = height - ROW * (number + 0.5)
        page.text(
            PAD, TOP + ROW * (number + 0.5), fitted(str(name), left - 8, TEXT - 1.5), fontsize=TEXT - 1.5
        )
        axes.plot([sign * row["low"], sign * row["high"]], [y + 3, y + 3], color=style.light, linewidth=2.5)
        axes.plot([sign * row["mean"]], [y + 3], style.marker, color=style.light, markersize=6)
        if name in own.index and np.isfinite(own[name]):
            error = float(alone.loc[name, "error"])
            if np.isfinite(error):
                reach = np.array([own[name] - CLEAR * error, own[name] + CLEAR * error])
                axes.plot(reach.clip(low, high), [y - 4, y - 4], color=MUTED.light, linewidth=1)
                # An arrow where it extends beyond the figure.
                for end, beyond, mark in ((low, reach[0] < low, "<"), (high, reach[1] > high, ">")):
                    if beyond:
                        axes.plot([end], [y - 4], mark, color=MUTED.light, markersize=4, clip_on=False)
            axes.plot(
                [own[name]], [y - 4], style.marker, color=MUTED.light, markerfacecolor="none", markersize=5
            )
    y = ROW * 0.7
    page.text(PAD, TOP + height - y, "average", fontweight="bold", fontsize=TEXT - 1)
    average = effect.average
    axes.plot([sign * average.low, sign * average.high], [y, y], color=INK.light, linewidth=4)
    axes.plot([sign * average.mean], [y], "D", color=INK.light, markersize=8)
    per_unit = inner / (high - low)
    worse, worth = ((value - low) * per_unit + PAD + left for value in (-mid, mid))
    page.text(worth + 5, 14, "worth having →", fontweight="bold", fontsize=TEXT - 1)
    page.text(worse - 5, 14, "← worse", ha="right", color=WORSE.light, fontsize=TEXT - 1)
    ticks = round_ticks(low, high, 5 if width < 500 else 8)
    label_ticks(axes, ticks, [signed(sign * tick) for tick in ticks])
    words = wording(effect.outcome)
    less, more = (words.short_less, words.short_more)[::sign]
    page.text(PAD + left, page.height - 12, f"← {less}", color=MUTED.light, fontsize=TEXT - 1)
    page.text(
        page.width - PAD, page.height - 12, f"{more} →", ha="right", color=MUTED.light, fontsize=TEXT - 1
    )
    return page.figure
