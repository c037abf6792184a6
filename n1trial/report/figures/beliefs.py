"""Prior and posterior of every effect."""

import numpy as np
from matplotlib.figure import Figure

from n1trial.analysis.effects import Effects
from n1trial.data.trial_data import TrialData
from n1trial.markup.theme import MUTED
from n1trial.report.figures.canvas import TEXT, WIDE, canvas
from n1trial.report.figures.gain_axis import (
    HEADER,
    PAD,
    against_reference,
    draw_gain_axis,
    draw_header,
    draw_zones,
    name_zones,
)
from n1trial.report.figures.palette import arm_styles

CURVE, TOP, BOTTOM, POINTS = 84.0, 26.0, 44.0, 90


def prior_and_posterior(effects: Effects, data: TrialData, *, prior_sd: float, width: float = WIDE) -> Figure:
    """The prior density as a dashed line and the posterior density as a solid one, one panel per arm.

    Parameters
    ----------
    effects
        The effects of one outcome.
    data
        The trial, for arms and labels.
    prior_sd
        Prior SD of an effect, in the outcome's contrast unit; the prior mean is 0.
    width
        In CSS pixels.
    """
    shown, sign, mid = against_reference(effects, data), effects.outcome.sign, effects.outcome.mid
    reach = 2.6 * prior_sd
    gains = [sign * effect.draws for effect in shown]
    low = min(-reach, *(float(gain.min()) for gain in gains))
    high = max(reach, *(float(gain.max()) for gain in gains))
    at = np.linspace(low, high, POINTS)
    page = canvas(width, TOP + (HEADER + CURVE) * len(shown) + BOTTOM)
    inner = width - 2 * PAD
    for number, (effect, gain) in enumerate(zip(shown, gains, strict=True)):
        place = TOP + number * (HEADER + CURVE)
        axes = page.axes(left=PAD, top=place, width=inner, height=HEADER + CURVE)
        axes.set_xlim(low, high)
        draw_zones(axes, mid)
        before, after = _normal(at / prior_sd) / prior_sd, _density(gain, at)
        scale = (CURVE - 4) / max(before.max(), after.max())
        style = arm_styles(data)[effect.arm]
        axes.plot(at, 1 + scale * before, color=MUTED.light, linewidth=1.6, dashes=(5, 3))
        axes.plot(at, 1 + scale * after, color=style.light, linewidth=2.4)
        draw_header(page, place + HEADER / 2 + 2, effect, data, "")
        page.text(
            width - PAD - 4,
            place + HEADER / 2 + 2,
            "– – before   — after",
            ha="right",
            color=MUTED.light,
            fontsize=TEXT - 1,
        )
    name_zones(page, TOP - 13, low=low, high=high, mid=mid, inner=inner)
    draw_gain_axis(axes, page, effects, low, high)
    return page.figure


def _density(gain: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Gaussian kernel density with Scott's bandwidth; 800 draws or a few more are enough for a pixel."""
    some = gain[:: max(1, len(gain) // 800)]
    width = some.std(ddof=1) * len(some) ** -0.2
    if width == 0:
        return np.zeros_like(at)
    return np.asarray(_normal((at[:, None] - some) / width).mean(axis=1) / width)


def _normal(at: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-0.5 * at**2) / np.sqrt(2 * np.pi))
