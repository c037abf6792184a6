"""Elements of every figure of an effect: the zone too small to matter, names of the zones, and the axis.

Right is always better; words at the ends of the axis name the direction.
"""

from matplotlib.axes import Axes

from n1trial.analysis.effects import Effect, Effects
from n1trial.data.trial_data import TrialData
from n1trial.markup.text import capitalised
from n1trial.markup.theme import BAND, MUTED, WORSE
from n1trial.report.figures.canvas import TEXT, Canvas, fitted, label_ticks, round_ticks
from n1trial.report.figures.palette import arm_styles
from n1trial.report.sentences import wording

HEADER = 26.0
PAD = 14.0


def against_reference(effects: Effects, data: TrialData) -> list[Effect]:
    """The contrasts of every arm with the reference."""
    return [effect for effect in effects.contrasts if effect.comparator == data.reference]


def draw_zones(axes: Axes, mid: float) -> None:
    """The band of gains too small to matter, and a line at none."""
    axes.axvspan(-mid, mid, color=BAND.light, linewidth=0)
    axes.axvline(0, color=MUTED.light, linewidth=1, dashes=(2, 3))


def name_zones(page: Canvas, top: float, *, low: float, high: float, mid: float, inner: float) -> None:
    """The names of the zones in one line; `low` and `high` are the ends of the axis, `inner` its width in pixels."""
    per_unit = inner / (high - low)
    left, middle, right = ((value - low) * per_unit + PAD for value in (-mid, 0.0, mid))
    page.text(left - 6, top, "← worse", ha="right", color=WORSE.light, fontsize=TEXT - 1)
    page.text(right + 6, top, "worth having →", fontweight="bold", fontsize=TEXT - 1)
    if right - left > 120:
        page.text(middle, top, "too small to matter", ha="center", color=MUTED.light, fontsize=TEXT - 1)


def draw_header(page: Canvas, top: float, effect: Effect, data: TrialData, counted: str) -> None:
    """The arm by shape, name and colour on the left, a count on the right."""
    style = arm_styles(data)[effect.arm]
    label = fitted(capitalised(data.labels[effect.arm]), page.width - 2 * PAD - 80)
    page.text(PAD + 4, top, f"{style.symbol} {label}", color=style.light, fontweight="bold")
    if counted:
        page.text(page.width - PAD - 4, top, counted, ha="right", fontweight="bold")


def signed(difference: float) -> str:
    """A difference with its sign and a true minus; 0 has none."""
    return f"{difference:+g}".replace("-", "−") if difference else "0"


def draw_gain_axis(axes: Axes, page: Canvas, effects: Effects, low: float, high: float) -> None:
    """Round numbers along the bottom, and the direction at each end."""
    outcome, words = effects.outcome, wording(effects.outcome)
    ticks = round_ticks(low, high, 6 if page.width < 500 else 8)
    label_ticks(axes, ticks, [signed(outcome.sign * tick) for tick in ticks])
    worse, better = (words.short_less, words.short_more)[:: outcome.sign]
    unit = {"min": "minutes", "a night": "a night", "units": ""}.get(
        outcome.contrast_unit, outcome.contrast_unit
    )
    page.text(PAD, page.height - 10, f"← {worse}", color=MUTED.light, fontsize=TEXT - 1)
    page.text(page.width / 2, page.height - 10, unit, ha="center", color=MUTED.light, fontsize=TEXT - 1)
    page.text(
        page.width - PAD, page.height - 10, f"{better} →", ha="right", color=MUTED.light, fontsize=TEXT - 1
    )
