"""The style of an arm: a colour for each scheme and a shape, so that colour is never the only cue.

The contrast of every arm colour with page and card is at least 4.5:1 in both schemes (see `test_figures.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle

from n1trial.data.trial_data import TrialData
from n1trial.markup.theme import SHADES


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmStyle:
    """Colours on light and on dark, the marker of matplotlib, and the same shape as a character."""

    light: str
    dark: str
    marker: str
    symbol: str


REFERENCE = ArmStyle(light="#6b6b6b", dark="#b4b7bd", marker="o", symbol="●")
GLYCINE = ArmStyle(light="#0072b2", dark="#6cb9ee", marker="^", symbol="▲")
MAGNESIUM = ArmStyle(light="#b34e00", dark="#f2a35e", marker="s", symbol="■")
OTHERS = (
    ArmStyle(light="#7b3f9d", dark="#cf9ff0", marker="D", symbol="◆"),
    ArmStyle(light="#00755c", dark="#56c9ab", marker="v", symbol="▼"),
    ArmStyle(light="#a81e57", dark="#f58fb6", marker="*", symbol="★"),
    ArmStyle(light="#5f5a00", dark="#cfc65c", marker="p", symbol="⬟"),
    ArmStyle(light="#3d4f9e", dark="#a3b3f7", marker="h", symbol="⬢"),
)

STYLES = (REFERENCE, GLYCINE, MAGNESIUM, *OTHERS)


def arm_styles(data: TrialData) -> Mapping[str, ArmStyle]:
    """Each arm's style: grey for the reference, glycine and magnesium their own, the others in order."""
    styles = {data.reference: REFERENCE}
    for arm in data.treatments:
        wanted = {"glycine": GLYCINE, "magnesium": MAGNESIUM, None: None}[data.supplement(arm)]
        if wanted and wanted not in styles.values():
            styles[arm] = wanted
    spare = cycle(
        style for style in STYLES[1:] if style not in styles.values() or len(data.arms) > len(STYLES)
    )
    return {arm: styles[arm] if arm in styles else next(spare) for arm in data.arms}


def css_variables(scheme: str) -> str:
    """Every role and arm colour of a scheme ("light" or "dark") as CSS declarations."""
    return " ".join(f"{name}: {colours[scheme]};" for name, colours in _colours())


def css_variable_of() -> Mapping[str, str]:
    """By light colour, as used in a figure, the CSS variable that follows the scheme."""
    return {colours["light"]: name for name, colours in _colours()}


def _colours() -> Iterable[tuple[str, Mapping[str, str]]]:
    for shade in SHADES:
        yield shade.variable, {"light": shade.light, "dark": shade.dark}
    for number, style in enumerate(STYLES):
        yield f"--arm-{number}", {"light": style.light, "dark": style.dark}
