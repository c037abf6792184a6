"""What a full account of an N-of-1 trial names, and whether this report does.

After CENT 2015 (Vohra et al., BMJ 350:h1738), which extends CONSORT to N-of-1 trials; shortened.
"""

from dataclasses import dataclass

from n1trial.report.material import Material


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of the list, and where it stands in the report; empty when it is missing."""

    name: str
    where: str


def cent_items(material: Material) -> list[Item]:
    """Every item, filled or missing."""
    data, protocol, diary, facts = material.data, material.protocol, material.diary, material.facts
    named = " ".join(facts).lower()
    rows = (
        ("Background and question", "design" if protocol else ""),
        ("Design: periods, blocks, run-in, washout", "design" if data.blocks else ""),
        ("Who took part, and why", ""),
        ("What was taken, how much and when", "design" if protocol else ""),
        ("Outcomes and the smallest change worth having", "verdict rule"),
        ("Planned length", "design" if protocol else ""),
        ("How the order was drawn", "provenance" if "seed" in named else ""),
        ("Who knew the order; blinding", "design" if data.blinded else ""),
        ("Statistical model, trend and carry-over", "model"),
        ("Nights planned, kept and missing", "what happened"),
        ("Doses taken", "what happened" if diary is not None else ""),
        ("Results of every period", "picture of every night"),
        ("Effects with their range", "the answer"),
        ("Harms and side effects", "guardrails" if diary is not None else ""),
        ("Limits", "what this cannot tell you"),
        ("Registration and protocol", "provenance" if protocol else ""),
        ("Funding", ""),
    )
    return [Item(name=name, where=where) for name, where in rows]
