"""Every sentence about a result, for terminal, page and notebook.

A sentence joins size and certainty ("probably lengthened your sleep by about 18 min") and is always
followed by its numbers in brackets: Budescu, Por, Broomell & Smithson (2014), doi:10.1038/nclimate2194,
found words alone read toward 50 %. Chances are said as n in 10 or n in 20 and never as certain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from n1trial.effects import INTERVAL, Certainty, Effect
from n1trial.outcomes import Outcome
from n1trial.report.dots import DOTS, count_dots
from n1trial.report.text import capitalised, visible
from n1trial.trial import PLANNED_OUT, TrialData
from n1trial.verdict import SETTLE_AT_MOST_NIGHTS, Verdict

NBSP = "\u00a0"
MOST_REASONS = 3
# An effect under the smallest worthwhile one is "a little", and from twice that "a lot".
MUCH = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How changes of one outcome are said.

    `up` and `down` hold {size} and {about}; `more` and `less` compare, {n} being the amount.
    """

    up: str
    down: str
    whether_up: str
    whether_down: str
    more: str
    less: str
    short_more: str
    short_less: str
    longer_night: str = "better"


def _minutes(thing: str, longer_night: str) -> Wording:
    return Wording(
        up=f"lengthened your {thing} {{size}}by {{about}}{NBSP}min",
        down=f"shortened your {thing} {{size}}by {{about}}{NBSP}min",
        whether_up=f"lengthens your {thing}",
        whether_down=f"shortens your {thing}",
        more=f"{{n}}{NBSP}min longer",
        less=f"{{n}}{NBSP}min shorter",
        short_more="longer",
        short_less="shorter",
        longer_night=longer_night,
    )


WORDINGS = {
    "tst_min": _minutes("sleep", "longer"),
    "waso_min": _minutes("time awake at night", "calmer"),
    "sol_min": _minutes("time to fall asleep", "quicker to begin"),
    "wake_episodes": Wording(
        up="cost you {size}{about} more wake episodes a night",
        down="spared you {size}{about} wake episodes a night",
        whether_up="costs you wake episodes",
        whether_down="spares you wake episodes",
        more="{n} more wake episodes a night",
        less="{n} fewer wake episodes a night",
        short_more="more",
        short_less="fewer",
    ),
    "wake_episodes_all": Wording(
        up=f"cost you {{size}}{{about}}{NBSP}% more wake episodes",
        down=f"spared you {{size}}{{about}}{NBSP}% of your wake episodes",
        whether_up="costs you wake episodes",
        whether_down="spares you wake episodes",
        more=f"{{n}}{NBSP}% more wake episodes",
        less=f"{{n}}{NBSP}% fewer wake episodes",
        short_more="more",
        short_less="fewer",
    ),
}


def wording(outcome: Outcome) -> Wording:
    """The words of an outcome; one that the program does not know is raised or lowered."""
    if outcome.name in WORDINGS and (outcome.scale == "percent") == (outcome.name == "wake_episodes_all"):
        return WORDINGS[outcome.name]
    label = visible(outcome.label)
    formatted = label.replace("{", "{{").replace("}", "}}")
    unit = "" if outcome.contrast_unit == "units" else f"{NBSP}{outcome.contrast_unit}"
    return Wording(
        up=f"raised your {formatted} {{size}}by {{about}}{unit}",
        down=f"lowered your {formatted} {{size}}by {{about}}{unit}",
        whether_up=f"raises your {label}",
        whether_down=f"lowers your {label}",
        more=f"{{n}}{unit} higher",
        less=f"{{n}}{unit} lower",
        short_more="higher",
        short_less="lower",
    )


def amount(outcome: Outcome, value: float) -> str:
    """A size without its sign, in as many digits as a person can use: 18, 0.6; "under 1" instead of 0."""
    size = abs(value)
    if outcome.contrast_unit in ("min", "%", "points"):
        return f"{size:.0f}" if size >= 0.5 else "under 1"
    if outcome.contrast_unit == "a night":
        return f"{size:.1f}" if size >= 0.05 else "under 0.1"
    return f"{size:.2g}"


def threshold(outcome: Outcome) -> str:
    """What is worth having, such as "at least 15 min longer"."""
    words = wording(outcome)
    return "at least " + (words.more if outcome.better == "higher" else words.less).format(
        n=f"{outcome.mid:g}"
    )


def change(outcome: Outcome, value: float) -> str:
    """An effect in words, such as "9 min longer" or "0.6 fewer wake episodes a night"."""
    words = wording(outcome)
    return (words.more if value >= 0 else words.less).format(n=amount(outcome, value))


def short_change(outcome: Outcome, value: float) -> str:
    """An effect in the fewest words, such as "9 min longer" or "0.6 fewer"."""
    words = wording(outcome)
    unit = (
        f"{NBSP}min" if outcome.contrast_unit == "min" else NBSP + "%" if outcome.scale == "percent" else ""
    )
    return f"{amount(outcome, value)}{unit} {words.short_more if value >= 0 else words.short_less}"


def interval(effect: Effect) -> str:
    """The interval in words: "95 % interval 2 to 35", or "… 14 shorter to 31 longer" across zero."""
    outcome, words = effect.outcome, wording(effect.outcome)
    near, far = sorted((effect.low, effect.high), key=abs)
    if effect.low < 0 < effect.high and not _says_nothing(outcome, near):
        span = (
            f"{amount(outcome, effect.low)} {words.short_less}"
            f" to {amount(outcome, effect.high)} {words.short_more}"
        )
    else:
        span = f"{'0' if _says_nothing(outcome, near) else amount(outcome, near)} to {amount(outcome, far)}"
    return f"{INTERVAL:.0%}".replace("%", f"{NBSP}%") + f" interval {span}"


def _says_nothing(outcome: Outcome, value: float) -> bool:
    return amount(outcome, value).startswith("under")


def chance(probability: float) -> str:
    """A chance as n in 10 or n in 20; never none and never all."""
    twentieths = round(20 * min(0.99, max(0.01, probability)))
    if twentieths in (0, 20):
        said = "under 1 in 20" if twentieths == 0 else "over 19 in 20"
    else:
        said = f"{twentieths // 2} in 10" if twentieths % 2 == 0 else f"{twentieths} in 20"
    return said.replace(" in ", f"{NBSP}in{NBSP}")


def answer(effect: Effect, labels: Mapping[str, str]) -> str:
    """What an arm did, in at most 25 words and the numbers in brackets."""
    return " ".join(filter(None, claim_and_numbers(effect, labels)))


def answer_compared(effect: Effect, labels: Mapping[str, str]) -> str:
    """The same, naming what the arm is compared with: for arms that are not set against the reference."""
    claim, numbers = _claim(effect, visible(labels[effect.arm])), _numbers(effect)
    return " ".join(filter(None, (f"Compared with {visible(labels[effect.comparator])}, {claim}", numbers)))


def claim_and_numbers(effect: Effect, labels: Mapping[str, str]) -> tuple[str, str]:
    """The answer in its two halves, what is said and the numbers that carry it."""
    return capitalised(_claim(effect, visible(labels[effect.arm]))), _numbers(effect)


def _numbers(effect: Effect) -> str:
    if effect.verdict == "no verdict":
        return ""
    asked = {
        "no worthwhile gain": "Chance of one",
        "no difference that matters": "Chance of a worthwhile gain",
    }.get(effect.verdict, "Chance it is worth having")
    if effect.certainty == "very low":
        asked = "Chance it is worth having"
    return f"({interval(effect)}). {asked}: {chance(effect.p_worthwhile)}."


def _claim(effect: Effect, arm: str) -> str:
    outcome, words = effect.outcome, wording(effect.outcome)
    if effect.verdict == "no verdict":
        return f"there is no answer about {arm}: the analysis did not pass its own tests."
    if effect.verdict == "can't tell yet" or effect.certainty == "very low":
        yet = " yet" if effect.verdict == "can't tell yet" else ""
        if yet and (effect.low > 0 if outcome.better == "higher" else effect.high < 0):
            return f"we can’t tell yet whether {arm} helps enough: {_about(change(outcome, effect.mean))}"
        gain = words.whether_up if outcome.better == "higher" else words.whether_down
        return f"we can’t tell{yet} whether {arm} {gain}: best guess {short_change(outcome, effect.mean)}"
    about = _about(change(outcome, effect.mean))
    if effect.verdict == "no worthwhile gain":
        gave = _hedged(effect.certainty, past="gave", participle="given")
        return f"{arm} {gave} no gain worth having: {about}"
    if effect.verdict == "no difference that matters":
        made = _hedged(effect.certainty, past="made", participle="made")
        return f"{arm} {made} no difference that matters: {about}"
    did = (words.up if effect.mean >= 0 else words.down).format(
        size=_size(effect), about=_about(amount(outcome, effect.mean))
    )
    verb, rest = did.split(" ", 1)
    return f"{arm} {_hedged(effect.certainty, past=verb, participle=verb)} {rest}"


def _about(said: str) -> str:
    return said if said.startswith("under") else f"about {said}"


def _hedged(certainty: Certainty, *, past: str, participle: str) -> str:
    if certainty == "high":
        return past
    return f"probably {past}" if certainty == "moderate" else f"may have {participle}"


def _size(effect: Effect) -> str:
    counted = wording(effect.outcome).up.startswith("cost")
    mids = abs(effect.mean) / effect.outcome.mid
    word = "a little" if mids < 1 else "a lot" if mids >= MUCH else ""
    return word and word + (": " if counted else ", ")


HEADINGS: Mapping[Verdict, str] = {
    "worth it": "Worth it",
    "worse": "Worse",
    "no difference that matters": "No difference that matters",
    "no worthwhile gain": "No worthwhile gain",
    "can't tell yet": "Can’t tell yet",
    "no verdict": "No verdict",
}


def keep_taking(effect: Effect, *, nights: int) -> str:
    """Whether to go on, and what it would take to know.

    Parameters
    ----------
    nights
        Analysed nights of this outcome so far.
    """
    worth = threshold(effect.outcome)
    if effect.certainty == "very low" and effect.verdict in ("worth it", "worse"):
        return (
            "It is your choice: the numbers alone say so, but too much speaks against leaning on them"
            " (see below)."
        )
    if effect.verdict == "worth it":
        return (
            "Yes, by the rule fixed before the first night: it is better for you, and more likely than not"
            f" by enough to matter ({worth}: {chance(effect.p_worthwhile)})."
        )
    if effect.verdict == "worse":
        return "No. Your nights were very likely worse on it, by enough to matter: leave it out."
    if effect.verdict == "no difference that matters":
        return (
            f"No need to, for this. Whatever it does is very likely smaller than what matters"
            f" ({worth}). Cost and comfort may decide."
        )
    if effect.verdict == "no worthwhile gain":
        return (
            f"No reason to, in these nights. A gain worth having ({worth}) is unlikely:"
            f" {chance(effect.p_worthwhile)}. A small one is still possible."
        )
    if effect.verdict == "no verdict":
        return "These nights do not say: the analysis did not pass its own tests."
    if effect.settle_nights is None:
        return (
            f"It is your choice: these {nights} nights fit a gain worth having ({worth}) and they fit none."
            f" A trial to settle it is not feasible: it would take more than {SETTLE_AT_MOST_NIGHTS // 365}"
            " years."
        )
    return (
        f"It is your choice: these {nights} nights fit a gain worth having ({worth}) and they fit none."
        f" About {effect.settle_nights} nights in all would settle it, {effect.settle_nights - nights} more,"
        " if they go on as they went."
    )


def how_sure(effect: Effect) -> str:
    """The level of certainty, and at most three reasons why it is not higher."""
    level = f"{capitalised(effect.certainty)} certainty"
    reasons = list(effect.reasons[:MOST_REASONS])
    if not reasons:
        return f"{level}: nothing in how the trial went speaks against it."
    return f"{level}: {in_a_row(reasons)}."


def why_undecided(effect: Effect) -> str:
    """Why an open question is open: the range holds both answers. Empty when it is not open."""
    if effect.verdict != "can't tell yet":
        return ""
    outcome = effect.outcome
    return (
        f"Still open, because your nights differ so much that anything from"
        f" {change(outcome, effect.low)} to {change(outcome, effect.high)} fits them."
    )


def in_a_row(items: Sequence[str]) -> str:
    """Items joined by commas and a last "and"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def without(comparator: str) -> str:
    """A night of the comparator: "without", or "on placebo"."""
    label = visible(comparator)
    return "without" if label.lower() in ("none", "nothing", "no supplement", "off") else f"on {label}"


def tomorrow(effect: Effect, labels: Mapping[str, str]) -> str:
    """One night on the arm against one without, of 100; empty where the model does not say."""
    if effect.better_nights is None:
        return ""
    better = of_hundred(effect.better_nights)
    return (
        f"Of 100 nights on {visible(labels[effect.arm])}, about {better} would be"
        f" {wording(effect.outcome).longer_night} than a night {without(labels[effect.comparator])}"
        f" and {100 - better} would not."
    )


def of_hundred(probability: float) -> int:
    """Out of a hundred, never none and never all."""
    return min(99, max(1, round(100 * probability)))


def dots_in_words(effect: Effect, labels: Mapping[str, str]) -> str:
    """What the fifty dots of an arm say."""
    counts = count_dots(effect)
    return (
        f"{capitalised(visible(labels[effect.arm]))}: {counts.worthwhile} of {DOTS} dots are worth having"
        f" ({threshold(effect.outcome)}), {counts.between or 'none'} too small to matter,"
        f" {counts.worse or 'none'} worse by as much."
    )


def kept_in_words(data: TrialData) -> str:
    """How many of the nights in the picture are in the analysis of the primary outcome."""
    outcome = data.outcomes[0]
    kept = len(data.analysed(outcome))
    return f"{kept} of {len(data.table)} nights are in the analysis of {visible(outcome.label)}."


def means_in_words(data: TrialData) -> str:
    """The same, and the plain mean of each arm."""
    outcome = data.outcomes[0]
    means = data.analysed(outcome).groupby("arm")[outcome.name].mean()
    said = [
        f"{level(outcome, means[arm])} on {visible(data.labels[arm])}" for arm in data.arms if arm in means
    ]
    return f"{kept_in_words(data)} Plain means: {in_a_row(said) if said else 'none'}."


def level(outcome: Outcome, value: float) -> str:
    """A nightly value in words: "7 h 05 min", "2.1 a night"."""
    if outcome.name == "tst_min":
        hours, minutes = divmod(round(value), 60)
        return f"{hours}{NBSP}h {minutes:02d}{NBSP}min"
    if outcome.unit == "min":
        return f"{value:.0f}{NBSP}min"
    unit = "" if outcome.unit == "units" else f"{NBSP}{outcome.unit}"
    return f"{value:.1f}{unit}" if outcome.unit == "a night" else f"{value:.3g}{unit}"


def other_analyses_in_words(inside: int, others: int) -> str:
    """How many other analyses of the same nights come to an answer that the model holds possible."""
    if others == 0:
        return "No other analysis of these nights was made."
    return (
        f"In {inside} of {others} other analyses of the same nights the best guess lies in the model’s range."
    )


def nights_in_words(data: TrialData) -> str:
    """Nights planned for the comparison, kept and missing."""
    outcome = data.outcomes[0]
    kept, planned = len(data.analysed(outcome)), int((~data.table["left_out"].isin(PLANNED_OUT)).sum())
    missing = planned - kept
    aside = len(data.table) - planned
    return (
        f"{planned} nights were planned for the comparison: {kept} are in it,"
        f" {missing if missing else 'none'} {'is' if missing == 1 else 'are'} missing."
        + (f" {aside} more were set aside by plan (run-in or washout)." if aside else "")
    )


def devices_in_words(nights: Mapping[str, int]) -> str:
    """Which device recorded how many nights; more than one is a reason for care."""
    said = [f"{visible(device)} ({count} nights)" for device, count in nights.items()]
    care = " The device changed, so a difference may be the device." if len(said) > 1 else ""
    return f"Recorded by {in_a_row(said)}.{care}"


def clock_changes_in_words(nights: Sequence[date]) -> str:
    """Nights on which the local clock changed, by season or by travel."""
    said = in_a_row([f"{night.day} {night:%b %Y}" for night in nights])
    return f"The clock changed during {'one night' if len(nights) == 1 else 'some nights'}: {said}."


BLINDING = {
    True: "The arms were blinded.",
    False: "The arms were not blinded.",
    None: "Whether the arms were blinded is not known.",
}


def design_in_words(data: TrialData) -> str:
    """Arms, blocks and periods, and who knew."""
    periods = data.table.loc[data.table["period"] > 0]
    lengths = periods.groupby("period").size()
    nights = f"{lengths.min()}" if lengths.min() == lengths.max() else f"{lengths.min()} to {lengths.max()}"
    order = f"{data.blocks} blocks, in each of which every arm came once" if data.blocks else "no blocks"
    return (
        f"One person, {len(data.arms)} arms, {lengths.size} periods of {nights}"
        f" night{'' if nights == '1' else 's'}, {order}. {BLINDING[data.blinded]}"
    )


def doses_in_words(taken: int, answered: int, unplanned: int) -> str:
    """Doses taken of those planned, where the diary says, and those taken on a night of none."""
    said = f"The dose was taken on {taken} of {answered} evenings that had one and were written down."
    if unplanned:
        said += f" On {unplanned} evening{'s' if unplanned > 1 else ''} without a dose something was taken."
    return said


def timing_in_words(minutes: Sequence[float], planned: tuple[int, int]) -> str:
    """How long before falling asleep the doses were taken."""
    ordered = sorted(minutes)
    within = sum(planned[0] <= each <= planned[1] for each in ordered)
    return (
        f"It was taken about {ordered[len(ordered) // 2]:.0f}{NBSP}min before sleep began, on {within} of"
        f" {len(ordered)} evenings between {planned[0]} and {planned[1]}{NBSP}min before, as planned."
    )


def clock_in_words(times: Sequence[str]) -> str:
    """When the doses were taken, by the clock."""
    ordered = sorted(times, key=lambda time: (time < "12:00", time))
    return f"It was taken between {visible(ordered[0])} and {visible(ordered[-1])}, as written in the diary."


def guesses_in_words(right: int, guessed: int, arms: int) -> str:
    """Guesses of the arm that were right, against luck."""
    luck = f"{guessed / arms:.0f}"
    return f"You guessed right on {right} of {guessed} mornings; luck alone would give about {luck}."


def side_effect_in_words(thing: str, means: Mapping[str, float], labels: Mapping[str, str]) -> str:
    """The mean of what was written about one side effect, by arm."""
    said = [f"{value:.1f} on {visible(labels[arm])}" for arm, value in means.items()]
    return f"{thing}, as you wrote it down: {in_a_row(said)} on average."


def secondary_in_words(outcomes: int, comparisons: int) -> str:
    """How many outcomes were looked at, and how many findings chance alone would bring."""
    return (
        f"Looked at {outcomes} outcome{'s' if outcomes > 1 else ''} in {comparisons}"
        f" comparison{'s' if comparisons > 1 else ''}; expect about {comparisons / 20:.1f} chance findings"
        " (1 in 20 comparisons)."
    )


def no_verdict(problems: Sequence[str]) -> tuple[str, ...]:
    """What to do when a gate refused the result, in the order of what helps most."""
    short = any("period" in problem for problem in problems)
    sampler = any(word in problem for problem in problems for word in ("chain", "draw", "sampler"))
    steps = []
    if short:
        steps.append("Go on with the trial: each arm needs at least two periods with nights in them.")
    if sampler:
        steps.append(
            "Run the analysis once more with another seed; if it stops again, look for wrong numbers"
            " in the nights below."
        )
    steps.append(
        "Until then nothing here speaks for or against any arm. Your nights are safe and shown below."
    )
    return tuple(steps)


GLYCINE_FOUND = (
    "Glycine, 3 g: three small trials (7 to 19 people, one sponsor) report less tiredness and falling asleep"
    " sooner, not longer sleep (Inagawa 2006; Yamadera 2007; Bannai 2012; review PMC10828290: high risk of"
    " bias)."
)
MAGNESIUM_FOUND = (
    f"Magnesium: three trials in older adults, 16{NBSP}min more sleep (95{NBSP}% interval −6 to 38; Mah &"
    " Pitre 2021); bisglycinate in 155 people: sleep quality unchanged, insomnia score 1.6 points lower"
    " (2025)."
)
CANNOT_TELL = (
    "A wearable is not a sleep laboratory: it misses many wake episodes, so finding nothing proves little."
    " This is about you, this product and these weeks, not about other people or next year. It is not"
    " medical advice: ask a doctor before you change a treatment."
)
