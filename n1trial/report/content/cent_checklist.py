"""What a full account of an N-of-1 trial names, and where this report does.

The items of CENT 2015 (Vohra et al., BMJ 350:h1738; Shamseer et al., BMJ 350:h1793), which extends CONSORT to
N-of-1 trials, for a single trial, in our words. What only the person can say is asked for (`ASKED`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from n1trial.report import sentences
from n1trial.report.content.dose_timing import evenings
from n1trial.report.content.inputs import Material
from n1trial.report.content.trial_summary import SIDE_EFFECTS
from n1trial.report.sentences import headings

ASKED = {
    "why_alone": "why a trial of one person, and not advice from trials of many",
    "person": "the person: age group, what is wrong with the sleep, other conditions and medicines",
    "setting": "where the nights were slept, and by what light, noise and company",
    "ethics": "whether this was research or care, and who agreed to it",
    "similarity": "how alike the capsules of the arms looked and tasted",
    "registration": "registry and number",
    "funding": "who paid, and who else has an interest",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of the list and where it stands in the report; empty when it is missing.

    `ask` is the line of `about.yaml` that would fill it; empty where the program must fill it.
    """

    number: str
    name: str
    where: str
    ask: str = ""

    @property
    def missing(self) -> str:
        """How a missing item is shown."""
        return sentences.missing_item(self.ask)


def cent_items(material: Material) -> list[Item]:
    """Every item, filled or missing."""
    return [*_planned(material), *_found(material), *_around(material)]


def _planned(material: Material) -> Iterator[Item]:
    data, protocol = material.data, material.protocol
    design = headings.DESIGN if protocol else ""
    yield Item(number="1", name="Named as a trial of one, and summed up", where=headings.ANSWER)
    yield Item(number="2a", name="Background", where=headings.OTHERS if protocol else "")
    yield _asked(material, "2a", "Why a trial of one", "why_alone")
    yield Item(number="2b", name="Question", where=design)
    yield Item(
        number="3a", name="Periods, blocks, run-in, washout", where=headings.DESIGN if data.blocks else ""
    )
    yield Item(
        number="3b",
        name="Changes after the start",
        where=headings.SOURCES if _fact(material, "protocol") else "",
    )
    yield _asked(material, "4a", "Who took part", "person")
    yield _asked(material, "4b", "Setting", "setting")
    yield _asked(material, "4c", "Research or care, and who agreed", "ethics")
    yield Item(number="5", name="What was taken, how much and when", where=design)
    yield Item(number="6a", name="Outcomes and the smallest change worth having", where=headings.RULE)
    yield Item(number="6a", name="How well the outcome is measured", where=headings.LIMITS)
    yield Item(number="7a", name="Planned length", where=design)
    yield Item(number="7b", name="Rule of the verdict; looks before the end", where=headings.RULE)
    drawn = headings.SOURCES if _fact(material, "seed") else ""
    yield Item(number="8, 10", name="How and by whom the order was drawn", where=drawn)
    hidden = headings.DESIGN if data.blinded is not None else ""
    yield Item(number="9, 11a", name="Who knew the order", where=hidden)
    yield _asked(material, "11b", "How alike the arms were", "similarity")
    yield Item(number="12a", name="Statistical model", where=headings.MODEL)
    yield Item(number="12c", name="Trend, correlation and carry-over between nights", where=headings.MODEL)


def _found(material: Material) -> Iterator[Item]:
    data = material.data
    written = evenings(data, material.diary)
    felt = headings.GUARDRAILS if {*SIDE_EFFECTS} & {*written} else ""
    verdict = "" if material.refused else headings.ANSWER
    dated = bool(data.table["night"].notna().any())
    yield Item(number="13", name="Nights planned, kept and missing", where=headings.HAPPENED)
    yield Item(number="13", name="Doses taken", where=headings.HAPPENED if "taken" in written else "")
    yield Item(number="14a", name="Dates", where=headings.NIGHTS if dated else "")
    yield Item(
        number="15, 17a",
        name="Every night, baseline included",
        where=headings.NIGHTS if material.single_nights else "",
    )
    yield Item(number="16", name="Nights and blocks analysed", where=headings.HAPPENED)
    yield Item(number="17a", name="Effects with their range", where=verdict)
    checked = headings.CHECKS if any(material.checks.values()) else ""
    yield Item(number="12b, 18", name="Other analyses", where=checked)
    yield Item(number="19", name="Harms and side effects", where=felt)


def _around(material: Material) -> Iterator[Item]:
    yield Item(number="20–22", name="Limits, and for whom this holds", where=headings.LIMITS)
    yield _asked(material, "23", "Registration", "registration")
    protocol = headings.SOURCES if _fact(material, "protocol") else ""
    yield Item(number="24", name="Protocol", where=protocol)
    yield _asked(material, "25", "Funding and interests", "funding")


def _asked(material: Material, number: str, name: str, key: str) -> Item:
    """What only the person can say stands in the list itself."""
    return Item(number=number, name=name, where=material.about.get(key, ""), ask=key)


def _fact(material: Material, word: str) -> bool:
    return any(word in name.lower() for name in material.facts)
