"""The compound on a supplement's label, its weight and the magnesium in it.

Labels are read as they stand on bottles, in English, German, French and Spanish: name before amount or after it,
thousands separators, "as … chelate", "providing", and shares of a daily value, which are ignored.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from n1trial.design.substances import SUBSTANCES, Substance
from n1trial.errors import ProtocolError

_AMOUNT = re.compile(
    r"(?<![\w.,])(\d{1,3}(?:[ ,.']\d{3})+|\d+(?:[.,]\d+)?)\s*(mg|milligram(?:m?e?s?)|g|gram(?:m?e?s?))\b"
)
# Two forms that only labels know. C4H6Mg2O7: a malate with two magnesium and two hydroxide. C8H17MgN3O4: magnesium
# between one lysinate (145.18 g/mol) and one glycinate (74.06); makers print 10 % magnesium.
_LABEL_ONLY = (
    Substance(
        name="dimagnesium-malate", label="dimagnesium malate", molar_mass_g=214.70, magnesium_per_mole=2
    ),
    Substance(
        name="magnesium-lysinate-glycinate",
        label="magnesium lysinate glycinate",
        molar_mass_g=243.54,
        magnesium_per_mole=1,
        glycine_per_mole=1,
    ),
)
COMPOUNDS = SUBSTANCES | {substance.name: substance for substance in _LABEL_ONLY}
# Searched in this order: the longer name first.
_NAMED = (
    (r"lysinat\w* *[-/]? *(bis)?glycinat|glycinat\w* *[-/]? *lysinat", "magnesium-lysinate-glycinate"),
    (r"glycinat", "magnesium-bisglycinate"),
    (r"threonat|treonat", "magnesium-threonate"),
    (r"\bdi-? ?(?:magnesium )?malat|dimagnesium ?malat", "dimagnesium-malate"),
    (r"malat", "magnesium-malate"),
    (r"citrat", "magnesium-citrate"),
    (r"oxid|oxyd", "magnesium-oxide"),
)
_COMPOUND = re.compile("|".join(pattern for pattern, _ in _NAMED) + "|chelat|quelat")
_BUFFERED = re.compile(r"buffered|gepuffert|tamponn?ad?[oe]")
_MAGNESIUM = re.compile(r"\bmg\b|magnesi(?:um|o)|elementa|element\b|elementair")
_ELEMENTAL = re.compile(r"elementa|element\b")
# What else is weighed on labels of magnesium.
_OTHER = re.compile(
    r"glycine?\b|glicina|glykokoll|zin[ck]|vitamin|taurin|lysine?\b|calcium|\bb6\b|melatonin|theanin"
)
_SEPARATOR = re.compile(
    r"[;\n]|,(?!\d)| [-–—/+&|] |=|→|\b(?:providing|provides?|supplying|supplies|yielding|yields?|delivering|delivers?|"
    r"containing|contains?|of which|equivalent to|equals?|corresponding to|davon|entspricht|entsprechend|liefert|"
    r"enthalt|dont|apportant|apporte|soit|fournissant|fournit|equivalant a|(?:que )?aportan?(?:do)?|de los cuales|"
    r"equivalente a|equivale a)\b"
)
# What follows says of which compound the magnesium is, not what was weighed, unless its amount comes first.
_AS = re.compile(r"\b(?:as|from|als|aus|in form von|sous (?:la )?forme de|como|en forma de)\b")
MOST_MG = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a label says of a serving: the compound, its weight and the magnesium in it; None: not stated."""

    compound: Substance
    compound_mg: float | None
    magnesium_mg: float | None
    buffered: bool


def read_label(label: str) -> Label:
    """What a label says; both amounts are there, or one of them.

    Raises
    ------
    ProtocolError
        No compound that is known, no amount, or no telling which amount is which.
    """
    shown, text = label.strip()[:80], _plain(label)
    named = next((name for pattern, name in _NAMED if re.search(pattern, text)), None)
    if named is None:
        known = ", ".join(sorted({substance for _, substance in _NAMED}))
        raise ProtocolError(f"label: no compound known here ({shown!r}): name one of {known}")
    amounts = [_Amount.read(piece) for piece in _pieces(text)]
    compound, magnesium = _which(amounts, shown)
    if compound is not None and magnesium is not None and not magnesium < compound:
        raise ProtocolError(
            f"label: {magnesium:g} mg magnesium in {compound:g} mg ({shown!r}): the compound weighs more than the"
            " magnesium in it: look which is which"
        )
    if not all(0 < amount <= MOST_MG for amount in (compound, magnesium) if amount is not None):
        raise ProtocolError(f"label: an amount of 0 or above 100 g ({shown!r}): look at it again")
    several = {"magnesium-bisglycinate", "magnesium-lysinate-glycinate"} & {named} and re.search(
        "oxid|oxyd|citrat", text
    )
    return Label(
        compound=COMPOUNDS[named],
        compound_mg=compound,
        magnesium_mg=magnesium,
        buffered=bool(several or _BUFFERED.search(text)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amount:
    """One amount and what the words beside it say that it is; "" where they say nothing."""

    mg: float
    of: str

    @classmethod
    def read(cls, piece: str) -> "_Amount":
        match = next(_AMOUNT.finditer(piece))
        words = piece[: match.start()] + " " + piece[match.end() :]
        if _COMPOUND.search(words) and not _ELEMENTAL.search(words):
            of = "compound"
        elif _MAGNESIUM.search(words):
            of = "magnesium"
        else:
            of = "other" if _OTHER.search(words) else ""
        return cls(mg=_milligrams(match), of=of)


def _which(amounts: list[_Amount], shown: str) -> tuple[float | None, float | None]:
    """The compound's weight and its magnesium: by their names, an amount without a name by the other's."""
    by_name = {
        name: [*dict.fromkeys(amount.mg for amount in amounts if amount.of == name)]
        for name in ("compound", "magnesium", "")
    }
    compounds, magnesium, unnamed = by_name["compound"], by_name["magnesium"], by_name[""]
    if not compounds and len(magnesium) == len(unnamed) == 1:
        compounds = unnamed
    elif not magnesium and len(compounds) == len(unnamed) == 1:
        magnesium = unnamed
    if not compounds and not magnesium:
        raise ProtocolError(
            f"label: no amount of it in mg or g ({shown!r}): copy the line with the amounts from the back"
        )
    if len(compounds) > 1 or len(magnesium) > 1:
        raise ProtocolError(
            f"label: cannot tell which amounts belong together ({shown!r}): give those of one serving, with “magnesium”"
            " beside the smaller one"
        )
    return next(iter(compounds), None), next(iter(magnesium), None)


def _pieces(text: str) -> Iterator[str]:
    """Pieces of a label with one amount in each, its words beside it."""
    text = re.sub(rf"[(\[]\s*({_AMOUNT.pattern})\s*[)\]]", r" \1 ", text)
    inside = [inner for inner in re.findall(r"[(\[]([^()\[\]]*)", text) if _AMOUNT.search(inner)]
    outside = re.sub(r"[(\[][^()\[\]]*[)\]]?", " ", text).replace(")", " ")
    for whole in (outside, *inside):
        for part in _SEPARATOR.split(whole):
            for piece in _at_connectors(part):
                yield from _one_amount_each(piece)


def _at_connectors(part: str) -> Iterator[str]:
    """Cut at "as" and "from" behind an amount; before one they only name the compound, and what they name goes."""
    rest = part
    while connector := _AS.search(rest):
        head, tail = rest[: connector.start()], rest[connector.end() :]
        amount = _AMOUNT.search(tail)
        if _AMOUNT.search(head):
            named = _MAGNESIUM.search(head) or _COMPOUND.search(head)
            if amount or named:
                yield head
            rest = tail if amount or named else f"{head} {tail}"
        elif amount and _MAGNESIUM.search(head) and tail[: amount.start()].strip(" :"):
            rest = f"{head} {tail[amount.start() :]}"
        else:
            rest = f"{head} {tail}"
    yield rest


def _one_amount_each(piece: str) -> Iterator[str]:
    """Cut between amounts: before each where the piece begins with one, else behind each."""
    amounts = [*_AMOUNT.finditer(piece)]
    if not amounts:
        return
    leads = not piece[: amounts[0].start()].strip(" :-–")
    cuts = [match.start() for match in amounts[1:]] if leads else [match.end() for match in amounts[:-1]]
    for start, end in zip([0, *cuts], [*cuts, len(piece)], strict=True):
        yield piece[start:end]


def _plain(label: str) -> str:
    """Small letters without accents, signs of trade marks and bars between words."""
    letters = unicodedata.normalize("NFKD", label.casefold())
    text = "".join(letter for letter in letters if not unicodedata.combining(letter))
    text = re.sub(r"[®™*†‡]|\btm\b", " ", text).replace("’", "'")
    text = text.replace("glicinat", "glycinat").replace("bis-glycinat", "bisglycinat")
    return re.sub(r"magnesium(?=[a-z])", "magnesium ", text)


def _milligrams(match: re.Match[str]) -> float:
    digits = match[1]
    if re.fullmatch(r"\d{1,3}(?:[ ,.']\d{3})+", digits):
        digits = re.sub(r"[ ,.']", "", digits)
    return float(digits.replace(",", ".")) * (1000 if match[2].startswith("g") else 1)
