"""What a supplement's label really claims: chelate, or chelate stretched with oxide; or magnesium alone."""

from collections.abc import Iterator

from n1trial.design.label_parser import COMPOUNDS, Label, read_label
from n1trial.design.substances import MAGNESIUM_LIMITS, SUBSTANCES, Substance, oxide_share

# Labels round, and chelates hold a little water: half a percentage point in fourteen.
TOLERANCE = 1.04


def label_lines(label: str) -> Iterator[str]:
    """Compare a label's elemental magnesium with what its compound can hold, or say what to do where one is missing.

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
