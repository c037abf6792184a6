"""What a supplement's label really claims: chelate, or chelate stretched with oxide; or magnesium alone.

Labels are read as they stand on bottles, in English, German, French and Spanish: name before amount or after it,
thousands separators, "as … chelate", "providing", and shares of a daily value, which say nothing here.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from n1trial.design.substances import MAGNESIUM_LIMITS, SUBSTANCES, Substance, oxide_share
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
COMPOUNDS = SUBSTANCES | {each.name: each for each in _LABEL_ONLY}
# In the order of looking: the longer name first.
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
_APART = re.compile(
    r"[;\n]|,(?!\d)| [-–—/+&|] |=|→|\b(?:providing|provides?|supplying|supplies|yielding|yields?|delivering|delivers?|"
    r"containing|contains?|of which|equivalent to|equals?|corresponding to|davon|entspricht|entsprechend|liefert|"
    r"enthalt|dont|apportant|apporte|soit|fournissant|fournit|equivalant a|(?:que )?aportan?(?:do)?|de los cuales|"
    r"equivalente a|equivale a)\b"
)
# What follows says of which compound the magnesium is, not what was weighed, unless its amount comes first.
_AS = re.compile(r"\b(?:as|from|als|aus|in form von|sous (?:la )?forme de|como|en forma de)\b")
# Labels round, and chelates hold a little water: half a percentage point in fourteen.
TOLERANCE = 1.04
MOST_MG = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a label says of a serving: the compound, its weight and the magnesium in it; None: not said."""

    compound: Substance
    compound_mg: float | None
    magnesium_mg: float | None
    buffered: bool


def label_lines(label: str) -> Iterator[str]:
    """Compare a label's elemental magnesium with what its compound can hold, or say what to do where it says one alone.

    Raises
    ------
    ProtocolError
        No compound that is known, no amount, or no telling which amount is which.
    """
    read = read_label(label)
    if read.compound_mg is None:
        yield from _magnesium_alone(read)
    elif read.magnesium_mg is None:
        yield from _compound_alone(read)
    else:
        yield from _both(read, read.compound_mg, read.magnesium_mg)
    for limit in MAGNESIUM_LIMITS:
        if read.magnesium_mg is not None and read.magnesium_mg > limit.mg:
            yield f"above the {limit.mg:.0f} mg a day from supplements of {limit.authority} ({limit.source})"


def _magnesium_alone(read: Label) -> Iterator[str]:
    substance = read.compound
    pure = (read.magnesium_mg or 0.0) / substance.magnesium_share
    yield (
        f"this label gives the magnesium alone, {read.magnesium_mg:,g} mg: pure {substance.label} with as much would"
        f" weigh {pure:,.0f} mg"
        + (
            f" and bring {pure * substance.glycine_share:,.0f} mg of glycine"
            if substance.glycine_share
            else ""
        )
    )
    if read.buffered:
        yield "it says buffered, so oxide is in it, and it weighs less and brings less glycine than that"
    yield (
        "to find out, weigh what is in the capsules of one serving, or ask the maker for the compound's weight. Much"
        f" less than {pure:,.0f} mg: oxide or another salt is in it. A capsule of size 00 holds some 700 mg of powder"
    )


def _compound_alone(read: Label) -> Iterator[str]:
    substance = read.compound
    held = (read.compound_mg or 0.0) * substance.magnesium_share
    yield (
        f"this label gives one amount, {read.compound_mg:,g} mg. If it is the weight of pure {substance.label},"
        f" {held:,.0f} mg of it are magnesium"
    )
    yield (
        "if it is the magnesium, which some labels mean, the compound would weigh"
        f" {(read.compound_mg or 0.0) / substance.magnesium_share:,.0f} mg: look for the line “Magnesium” in the table"
        " on the back, and give both amounts"
    )


def _both(read: Label, compound_mg: float, magnesium_mg: float) -> Iterator[str]:
    substance = read.compound
    share, pure = magnesium_mg / compound_mg, substance.magnesium_share
    chelate = substance.name == "magnesium-bisglycinate"
    yield (
        f"{magnesium_mg:,g} mg magnesium in {compound_mg:,g} mg is {share:.1%}; pure {substance.label} holds {pure:.1%}"
    )
    if read.buffered:
        yield "buffered means that magnesium oxide is in it"
    oxide_holds = SUBSTANCES["magnesium-oxide"].magnesium_share
    if share > oxide_holds * TOLERANCE:
        yield (
            f"no compound of magnesium holds as much, even oxide only {oxide_holds:.0%}: look up which number is the"
            " weight of the compound"
        )
    elif chelate and share > pure * TOLERANCE:
        oxide = oxide_share(share)
        from_oxide = oxide * oxide_holds * compound_mg
        glycine = (1 - oxide) * compound_mg * substance.glycine_share
        yield (
            f"more than the chelate can hold: about {oxide:.0%} of it would be magnesium oxide, which brings"
            f" {from_oxide:.0f} of the {magnesium_mg:g} mg; glycine {glycine:,.0f} mg"
        )
        yield "a blend (“buffered”) is another product than the protocol's: look for one that says 14 % or less"
    elif share > pure * TOLERANCE:
        yield "more than the pure compound can hold: another salt is in it, or the number is that of the compound"
    elif share < pure / TOLERANCE:
        yield from _stretched(substance, magnesium_mg, 1 - share / pure)
    else:
        glycine = compound_mg * substance.glycine_share
        yield "agrees with the pure compound" + (
            f"; it brings {glycine:,.0f} mg of glycine" if glycine else ""
        )


def _stretched(substance: Substance, magnesium_mg: float, rest: float) -> Iterator[str]:
    """Less magnesium than the pure compound holds: harmless, and how much glycine is in it."""
    yield f"less than the pure compound holds: {rest:.0%} of the weight is water, filler or another amino acid"
    if substance.name != "magnesium-bisglycinate":
        return
    mixed = COMPOUNDS["magnesium-lysinate-glycinate"]
    most, least = (magnesium_mg / each.magnesium_share * each.glycine_share for each in (substance, mixed))
    yield (
        f"that is nothing bad: count the {magnesium_mg:g} mg of magnesium. Products of 10 %, such as many of TRAACS,"
        f" are mostly lysinate glycinate: glycine {least:,.0f} mg then, and {most:,.0f} mg if it is bisglycinate alone"
    )


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
        name: [*dict.fromkeys(each.mg for each in amounts if each.of == name)]
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
    inside = [found for found in re.findall(r"[(\[]([^()\[\]]*)", text) if _AMOUNT.search(found)]
    outside = re.sub(r"[(\[][^()\[\]]*[)\]]?", " ", text).replace(")", " ")
    for whole in (outside, *inside):
        for part in _APART.split(whole):
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
    found = [*_AMOUNT.finditer(piece)]
    if not found:
        return
    leads = not piece[: found[0].start()].strip(" :-–")
    cuts = [match.start() for match in found[1:]] if leads else [match.end() for match in found[:-1]]
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
