"""A hundred nights on each arm as rows of icons."""

import numpy as np
from matplotlib.figure import Figure

from n1trial.analysis.effects import Effects
from n1trial.data.trial_data import TrialData
from n1trial.markup.theme import MUTED
from n1trial.report.figures.canvas import WIDE, canvas
from n1trial.report.figures.gain_axis import HEADER, PAD, against_reference, draw_header
from n1trial.report.figures.palette import arm_styles
from n1trial.report.sentences import of_hundred


def tomorrow_night(effects: Effects, data: TrialData, *, width: float = WIDE) -> Figure:
    """A hundred nights on each arm: how many would beat a night on the reference."""
    shown = [effect for effect in against_reference(effects, data) if effect.better_nights is not None]
    in_row = 20 if width < 500 else 50
    step = (width - 2 * PAD) / in_row
    height = HEADER + 100 / in_row * step + 14
    page = canvas(width, height * max(1, len(shown)))
    for number, effect in enumerate(shown):
        axes = page.axes(
            left=PAD, top=number * height + HEADER, width=width - 2 * PAD, height=100 / in_row * step
        )
        axes.set_xlim(0, width - 2 * PAD)
        places = np.arange(100)
        x, y = (places % in_row + 0.5) * step, axes.get_ylim()[1] - (places // in_row + 0.5) * step
        better = places < of_hundred(effect.better_nights or 0.0)
        style = arm_styles(data)[effect.arm]
        axes.plot(
            x[better],
            y[better],
            style.marker,
            color=style.light,
            markersize=min(8.5, step - 5),
            clip_on=False,
        )
        axes.plot(
            x[~better],
            y[~better],
            "o",
            markerfacecolor="none",
            markeredgecolor=MUTED.light,
            markersize=5,
            clip_on=False,
        )
        draw_header(page, number * height + HEADER / 2, effect, data, f"{int(better.sum())} of 100")
    return page.figure
