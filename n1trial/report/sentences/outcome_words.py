"""The wording of a change of each outcome: verbs, comparisons, and amounts in sensible digits."""

from dataclasses import dataclass

from n1trial.design.outcomes import Outcome
from n1trial.markup.text import as_written, visible

NBSP = "\u00a0"
# A change that rounds to 0.
SAME = "about the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The wording of changes of one outcome.

    `up` and `down` are verbs, which stand before `up_by` and `down_by` with their fields {size} and {about}; `more` and
    `less` are comparisons with the amount as {n}. With `counted` the size is that of a number: "far more", not "a lot".
    """

    up: str
    down: str
    up_by: str
    down_by: str
    whether_up: str
    whether_down: str
    more: str
    less: str
    short_more: str
    short_less: str
    longer_night: str = "better"
    counted: bool = False


def _minutes(thing: str, longer_night: str) -> Wording:
    return Wording(
        up="lengthened",
        down="shortened",
        up_by=f"your {thing} {{size}}by {{about}}{NBSP}min",
        down_by=f"your {thing} {{size}}by {{about}}{NBSP}min",
        whether_up=f"lengthens your {thing}",
        whether_down=f"shortens your {thing}",
        more=f"{{n}}{NBSP}min longer",
        less=f"{{n}}{NBSP}min shorter",
        short_more="longer",
        short_less="shorter",
        longer_night=longer_night,
    )


WORDINGS = {
    ("tst_min", "difference"): _minutes("sleep", "longer"),
    ("waso_min", "difference"): _minutes("time awake at night", "calmer"),
    ("sol_min", "difference"): _minutes("time to fall asleep", "quicker to begin"),
    ("wake_episodes", "difference"): Wording(
        up="brought",
        down="brought",
        up_by="{size}more wake episodes: {about} a night",
        down_by="{size}fewer wake episodes: {about} a night",
        whether_up="means more wake episodes",
        whether_down="means fewer wake episodes",
        more="{n} more wake episodes a night",
        less="{n} fewer wake episodes a night",
        short_more="more",
        short_less="fewer",
        counted=True,
    ),
    ("wake_episodes_all", "percent"): Wording(
        up="brought",
        down="brought",
        up_by=f"{{size}}more wake episodes: {{about}}{NBSP}%",
        down_by=f"{{size}}fewer wake episodes: {{about}}{NBSP}%",
        whether_up="means more wake episodes",
        whether_down="means fewer wake episodes",
        more=f"{{n}}{NBSP}% more wake episodes",
        less=f"{{n}}{NBSP}% fewer wake episodes",
        short_more="more",
        short_less="fewer",
        counted=True,
    ),
}


def wording(outcome: Outcome) -> Wording:
    """The wording of an outcome; an unknown one is "raised" or "lowered"."""
    if (outcome.name, outcome.scale) in WORDINGS:
        return WORDINGS[outcome.name, outcome.scale]
    label = visible(outcome.label)
    formatted = label.replace("{", "{{").replace("}", "}}")
    unit = "" if outcome.contrast_unit == "units" else f"{NBSP}{outcome.contrast_unit}"
    return Wording(
        up="raised",
        down="lowered",
        up_by=f"your {formatted} {{size}}by {{about}}{unit}",
        down_by=f"your {formatted} {{size}}by {{about}}{unit}",
        whether_up=f"raises your {label}",
        whether_down=f"lowers your {label}",
        more=f"{{n}}{unit} higher",
        less=f"{{n}}{unit} lower",
        short_more="higher",
        short_less="lower",
    )


def thing(outcome: Outcome) -> str:
    """What changes, in the fewest words: "sleep", "wake episodes"."""
    named = {"tst_min": "sleep", "wake_episodes": "wake episodes", "wake_episodes_all": "wake episodes"}
    return named.get(outcome.name, visible(outcome.label))


def amount(outcome: Outcome, value: float) -> str:
    """A size without its sign in sensible digits: 18, 0.6; "under 1" instead of 0."""
    size = abs(value)
    if outcome.decimals is None:
        return f"{size:.2g}"
    if rounds_to_nothing(outcome, value):
        return f"under {10.0**-outcome.decimals:g}"
    return f"{size:.{outcome.decimals}f}"


def rounds_to_nothing(outcome: Outcome, value: float) -> bool:
    """Whether a size is 0 in the digits of its outcome; one without such digits never is."""
    return outcome.decimals is not None and not abs(value) >= 10.0**-outcome.decimals / 2


def threshold(outcome: Outcome) -> str:
    """What is worth having, such as "at least 15 min longer"."""
    return _at_least_mid(outcome, higher=outcome.better == "higher")


def loss(outcome: Outcome) -> str:
    """What is as bad as `threshold` is good, such as "at least 15 min shorter"."""
    return _at_least_mid(outcome, higher=outcome.better == "lower")


def _at_least_mid(outcome: Outcome, *, higher: bool) -> str:
    words = wording(outcome)
    return "at least " + (words.more if higher else words.less).format(n=as_written(outcome.mid))


def change(outcome: Outcome, value: float) -> str:
    """An effect in words, such as "9 min longer" or "0.6 fewer wake episodes a night"."""
    if rounds_to_nothing(outcome, value):
        return SAME
    words = wording(outcome)
    return (words.more if value >= 0 else words.less).format(n=amount(outcome, value))


def short_change(outcome: Outcome, value: float) -> str:
    """An effect in the fewest words, such as "9 min longer" or "0.6 fewer"."""
    if rounds_to_nothing(outcome, value):
        return SAME
    words = wording(outcome)
    unit = (
        f"{NBSP}min" if outcome.contrast_unit == "min" else NBSP + "%" if outcome.scale == "percent" else ""
    )
    return f"{amount(outcome, value)}{unit} {words.short_more if value >= 0 else words.short_less}"


def level(outcome: Outcome, value: float) -> str:
    """A nightly value in words: "7 h 05 min", "2.1 a night"."""
    if outcome.measure.in_hours:
        hours, minutes = divmod(round(value), 60)
        return f"{hours}{NBSP}h{NBSP}{minutes:02d}{NBSP}min"
    if outcome.unit == "min":
        return f"{value:.0f}{NBSP}min"
    unit = "" if outcome.unit == "units" else f"{NBSP}{outcome.unit}"
    return f"{value:.1f}{unit}" if outcome.unit == "a night" else f"{value:.3g}{unit}"
