"""Which column of Withings' table is which, in any language.

Only seven names are translated. A language that is not known is read by position, if the numbers bear it out: no row
has stages of more than the time in bed, most rows add up to it but for the time out of bed, and time awake is never
shorter than falling asleep and getting up take. That does not tell the four stages apart, and the sum of sleep hangs
on which of them is *awake*. So something must name it: the word itself, ``Night events``, or rows without a waking,
whose time awake is falling asleep and getting up and no other stage. Nothing tells light, deep and REM apart but their
names: without these they are not known.

Source: real files in English and German; Spanish names in the exercises on one file that a dozen public repositories
solve in R (*de, a, ligero (s), profundo (s), …, despierto (s), despertar*); ``profond (s)`` and ``réveils`` in a
script on a French file. Not verified on real files but the first two.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from n1trial.data.importers._archive import printable
from n1trial.data.importers._beginnings import folded
from n1trial.data.importers.withings._nights import ROUNDING_S, Night, read_events
from n1trial.errors import ExportError

WORDS = ("start", "end", "light", "deep", "rem", "awake", "wake_up")
STAGES = ("light", "deep", "rem", "awake")

_LANGUAGES = (
    ("from", "to", "light (s)", "deep (s)", "rem (s)", "awake (s)", "wake up"),
    ("von", "bis", "leicht (s)", "tief (s)", "rem (s)", "wach (s)", "aufwachen"),
    ("de", "a", "ligero (s)", "profundo (s)", "rem (s)", "despierto (s)", "despertar"),
)
_STAGE_NAMES = {
    **{name: word for names in _LANGUAGES for name, word in zip(names, WORDS, strict=True) if word in STAGES},
    "profond (s)": "deep",
}
_ASLEEP = {"light", "deep", "rem"}
_UNITS = [False, False, True, True, True, True, False]
# Of ten rows that name a column as *awake* nine must name the same.
_AGREEING = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the columns of one table are.

    Attributes
    ----------
    where, written
        The header line, and its first seven names as they stand there: for messages.
    names
        Our words for the first seven, the others as they are compared.
    known
        Whether the language is; else `check_order` decides.
    named
        Stages that a name tells apart.
    """

    where: str
    written: str
    names: tuple[str, ...]
    known: bool
    named: frozenset[str]


def read_header(header: Sequence[str], where: str) -> Header:
    """Read a header; one in an unknown language by position, if its units are those of Withings."""
    names = [folded(name) for name in header]
    written = printable(",".join(name.strip() for name in header[: len(WORDS)]))
    for language in _LANGUAGES:
        if set(language) <= set(names):
            words = dict(zip(language, WORDS, strict=True))
            translated = tuple(words.get(name, name) for name in names)
            return Header(where=where, written=written, names=translated, known=True, named=frozenset(STAGES))
    first = names[: len(WORDS)]
    meanings = {word: _STAGE_NAMES.get(name, word) for name, word in zip(first, WORDS, strict=False)}
    named = {word for name, word in zip(first, WORDS, strict=False) if name in _STAGE_NAMES}
    if len(_ASLEEP - named) == 1:
        # What is neither of the others and not time awake, which `check_order` finds.
        named |= _ASLEEP
    read = Header(
        where=where,
        written=written,
        names=(*WORDS, *names[len(WORDS) :]),
        known=False,
        named=frozenset(named),
    )
    if [name.endswith(" (s)") for name in first] != _UNITS:
        raise _refusal(read, "header in an unknown language")
    if any(word != meaning for word, meaning in meanings.items()):
        raise _refusal(read, "header in an unknown language and order")
    return read


def check_order(header: Header, nights: Iterable[tuple[Night, float]]) -> None:
    """Refuse a table in an unknown language whose numbers do not bear out that its columns stand in our order.

    Parameters
    ----------
    nights
        Each with its seconds in bed.
    """
    rows = add_up = 0
    named_awake: Counter[str] = Counter()
    for night, bed_s in nights:
        stages = {word: seconds for word in STAGES if (seconds := getattr(night, word)) is not None}
        if len(stages) < len(STAGES):
            continue
        rows += 1
        events = read_events(night, bed_s=bed_s)
        out_s = bed_s - sum(stages.values())
        around_s = (night.to_sleep or 0) + (night.to_wake_up or 0)
        if out_s < -ROUNDING_S or stages["awake"] < around_s - ROUNDING_S:
            raise _refusal(header, "header in an unknown language whose stages do not add up")
        add_up += min(out_s, abs(out_s - (sum(events.out) if events else 0))) <= ROUNDING_S
        if events and events.asleep:
            awake_s = bed_s - sum(events.out) - sum(events.asleep)
        elif night.wake_up == 0 and None not in (night.to_sleep, night.to_wake_up):
            awake_s = around_s
        else:
            continue
        fitting = [word for word in STAGES if abs(stages[word] - awake_s) <= ROUNDING_S]
        # No time awake would fit every stage that was not reached.
        if len(fitting) == 1 and awake_s > ROUNDING_S:
            named_awake[fitting[0]] += 1
    if 2 * add_up <= rows:
        raise _refusal(header, "header in an unknown language whose stages do not add up")
    if _AGREEING * (named_awake.total() - named_awake["awake"]) > named_awake["awake"]:
        raise _refusal(header, "header in an unknown language, and another column is time awake")
    if not named_awake["awake"] and "awake" not in header.named:
        raise _refusal(header, "header in an unknown language, and no row shows which column is time awake")


def _refusal(header: Header, what: str) -> ExportError:
    return ExportError(
        f"{what} ({header.written})", place=header.where, remedy="set the app to English and export again"
    )
