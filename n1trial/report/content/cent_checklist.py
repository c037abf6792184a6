"""The reporting checklist of N-of-1 trials, and where this report has each item.

The items are those of CENT 2015 (Vohra et al., BMJ 350:h1738; Shamseer et al., BMJ 350:h1793), which extends CONSORT to
N-of-1 trials, for a single trial, in our words. What only the person can say is asked for in `about.yaml` (`ASKED`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from n1trial.report import sentences
from n1trial.report.content.dose_timing import nights_with_diary
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
class CentItem:
    """One item of the checklist.

    `where` is the heading of the report that has it, or the person's own answer; empty when it is missing. `ask` is the
    key of `about.yaml` that would fill it; empty where the program must fill it.
    """

    number: str
    name: str
    where: str
    ask: str = ""

    @property
    def missing(self) -> str:
        """The text for a missing item."""
        return sentences.missing_item(self.ask)


def cent_items(material: Material) -> list[CentItem]:
    """Every item, with or without a place in the report."""
    return [*_planned(material), *_found(material), *_around(material)]


def _planned(material: Material) -> Iterator[CentItem]:
    data, protocol = material.data, material.protocol
    design = headings.DESIGN if protocol else ""
    yield CentItem(number="1", name="Named as a trial of one, and summed up", where=headings.ANSWER)
    yield CentItem(number="2a", name="Background", where=headings.OTHERS if protocol else "")
    yield _asked(material, "2a", "Why a trial of one", "why_alone")
    yield CentItem(number="2b", name="Question", where=design)
    yield CentItem(
        number="3a", name="Periods, blocks, run-in, washout", where=headings.DESIGN if data.blocks else ""
    )
    yield CentItem(
        number="3b",
        name="Changes after the start",
        where=headings.SOURCES if _fact(material, "protocol") else "",
    )
    yield _asked(material, "4a", "Who took part", "person")
    yield _asked(material, "4b", "Setting", "setting")
    yield _asked(material, "4c", "Research or care, and who agreed", "ethics")
    yield CentItem(number="5", name="What was taken, how much and when", where=design)
    yield CentItem(number="6a", name="Outcomes and the smallest change worth having", where=headings.RULE)
    yield CentItem(number="6a", name="How well the outcome is measured", where=headings.LIMITS)
    yield CentItem(number="7a", name="Planned length", where=design)
    yield CentItem(number="7b", name="Rule of the verdict; looks before the end", where=headings.RULE)
    drawn = headings.SOURCES if _fact(material, "seed") else ""
    yield CentItem(number="8, 10", name="How and by whom the order was drawn", where=drawn)
    hidden = headings.DESIGN if data.blinded is not None else ""
    yield CentItem(number="9, 11a", name="Who knew the order", where=hidden)
    yield _asked(material, "11b", "How alike the arms were", "similarity")
    yield CentItem(number="12a", name="Statistical model", where=headings.MODEL)
    yield CentItem(
        number="12c", name="Trend, correlation and carry-over between nights", where=headings.MODEL
    )


def _found(material: Material) -> Iterator[CentItem]:
    data = material.data
    written = nights_with_diary(data, material.diary)
    felt = headings.GUARDRAILS if {*SIDE_EFFECTS} & {*written} else ""
    verdict = "" if material.refused else headings.ANSWER
    dated = bool(data.table["night"].notna().any())
    yield CentItem(number="13", name="Nights planned, kept and missing", where=headings.HAPPENED)
    yield CentItem(number="13", name="Doses taken", where=headings.HAPPENED if "taken" in written else "")
    yield CentItem(number="14a", name="Dates", where=headings.NIGHTS if dated else "")
    yield CentItem(
        number="15, 17a",
        name="Every night, baseline included",
        where=headings.NIGHTS if material.single_nights else "",
    )
    yield CentItem(number="16", name="Nights and blocks analysed", where=headings.HAPPENED)
    yield CentItem(number="17a", name="Effects with their range", where=verdict)
    checked = headings.CHECKS if any(material.checks.values()) else ""
    yield CentItem(number="12b, 18", name="Other analyses", where=checked)
    yield CentItem(number="19", name="Harms and side effects", where=felt)


def _around(material: Material) -> Iterator[CentItem]:
    yield CentItem(number="20–22", name="Limits, and for whom this holds", where=headings.LIMITS)
    yield _asked(material, "23", "Registration", "registration")
    protocol = headings.SOURCES if _fact(material, "protocol") else ""
    yield CentItem(number="24", name="Protocol", where=protocol)
    yield _asked(material, "25", "Funding and interests", "funding")


def _asked(material: Material, number: str, name: str, key: str) -> CentItem:
    """An item that only the person can fill, with their answer."""
    return CentItem(number=number, name=name, where=material.about.get(key, ""), ask=key)


def _fact(material: Material, word: str) -> bool:
    return any(word in name.lower() for name in material.facts)
