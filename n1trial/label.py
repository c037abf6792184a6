"""What a supplement's label really claims: chelate, or chelate stretched with oxide."""

import re
from collections.abc import Iterator

from n1trial.errors import ProtocolError
from n1trial.substances import MAGNESIUM_LIMITS, SUBSTANCES, oxide_share

_AMOUNT = r"(\d{1,3}(?:[ ,.']\d{3})+|\d+(?:[.,]\d+)?)\s*(mg|g)\b"
_MAGNESIUM = re.compile(
    _AMOUNT + r"\s*(?:of\s+)?(?:elemental\s+)?(?:mg(?!\w)|magnesium)(?!\s*\w*\s*(?:bis)?glycinat)", re.I
)
_NAMED = (
    ("bisglycinat", "magnesium-bisglycinate"),
    ("glycinat", "magnesium-bisglycinate"),
    ("threonat", "magnesium-threonate"),
    ("malat", "magnesium-malate"),
    ("citrat", "magnesium-citrate"),
    ("oxid", "magnesium-oxide"),
)


def label_lines(label: str) -> Iterator[str]:
    """Compare a label's elemental magnesium with what its compound can hold.

    Parameters
    ----------
    label
        As ``magnesium bisglycinate 1000 mg, 200 mg Mg``: the compound and its amount, and the magnesium in it.

    Raises
    ------
    ProtocolError
        No compound that is known, or not two amounts.
    """
    compound_mg, magnesium_mg, name = read_label(label)
    substance = SUBSTANCES[name]
    share, pure = magnesium_mg / compound_mg, substance.magnesium_share
    yield (
        f"{magnesium_mg:g} mg magnesium in {compound_mg:g} mg is {share:.1%}; pure {substance.label} holds {pure:.1%}"
    )
    if name == "magnesium-bisglycinate" and share > pure * TOLERANCE:
        oxide = oxide_share(share)
        from_oxide = oxide * SUBSTANCES["magnesium-oxide"].magnesium_share * compound_mg
        glycine = (1 - oxide) * compound_mg * substance.glycine_share
        yield (
            f"more than the chelate can hold: about {oxide:.0%} of it would be magnesium oxide, which brings"
            f" {from_oxide:.0f} of the {magnesium_mg:g} mg; glycine {glycine:.0f} mg"
        )
        yield "a blend (“buffered”) is another product than the protocol's: look for one that says 14 % or less"
    elif share > pure * TOLERANCE:
        yield "more than the pure compound can hold: another salt is in it, or the number is that of the compound"
    elif share < pure / TOLERANCE:
        rest = 1 - share / pure
        yield f"less than the pure compound holds: {rest:.0%} of the weight is water, filler or something else"
    else:
        glycine = compound_mg * substance.glycine_share
        yield "agrees with the pure compound" + (
            f"; it brings {glycine:,.0f} mg of glycine" if glycine else ""
        )
    for limit in MAGNESIUM_LIMITS:
        if magnesium_mg > limit.mg:
            yield f"above the {limit.mg:.0f} mg a day from supplements of {limit.authority} ({limit.source})"


# Labels round, and chelates hold a little water: half a percentage point in fourteen.
TOLERANCE = 1.04


def read_label(label: str) -> tuple[float, float, str]:
    """Milligrams of compound and of elemental magnesium, and the compound's name.

    Raises
    ------
    ProtocolError
        No compound that is known, or not two amounts.
    """
    shown = label.strip()[:80]
    name = next((name for word, name in _NAMED if word in label.lower()), None)
    if name is None:
        known = ", ".join(sorted({substance for _, substance in _NAMED}))
        raise ProtocolError(f"label: no compound known here ({shown!r}): name one of {known}")
    found = _MAGNESIUM.search(label)
    others = [
        match for match in re.finditer(_AMOUNT, label, re.I) if not found or match.start() != found.start()
    ]
    if not found or len(others) != 1:
        raise ProtocolError(
            f"label: not two amounts ({shown!r}): write it as magnesium bisglycinate 1000 mg, 200 mg Mg"
        )
    compound, magnesium = (_milligrams(match) for match in (others[0], found))
    if not 0 < magnesium < compound <= 100_000:
        raise ProtocolError(
            f"label: {magnesium:g} mg magnesium in {compound:g} mg ({shown!r}): give the compound's weight first"
        )
    return compound, magnesium, name


def _milligrams(match: re.Match[str]) -> float:
    digits = match[1]
    if re.fullmatch(r"\d{1,3}(?:[ ,.']\d{3})+", digits):
        digits = re.sub(r"[ ,.']", "", digits)
    return float(digits.replace(",", ".")) * (1000 if match[2].lower() == "g" else 1)
