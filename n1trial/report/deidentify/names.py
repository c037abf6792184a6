"""Names of arms and outcomes in a de-identified copy.

Arms are named by their doses, unless the protocol is one of the templates, whose words are public.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from n1trial.data.trial_data import TrialData
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import OUTCOMES, Outcome
from n1trial.design.protocol import Arm, Protocol, read_protocol, template_names
from n1trial.report.content.inputs import Material

KNOWN_CONFOUNDERS = (
    "alcohol_units",
    "caffeine_mg",
    "collagen_g",
    "exercise_min",
    "ill",
    "stress_0_to_10",
    "travel",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedNames:
    """Names in the copy, and the words that must not be in it.

    Attributes
    ----------
    arms
        New name of every arm.
    labels
        Label of every arm, by its new name.
    outcomes
        The outcome to show in place of each, by its old name.
    called
        New label of every arm, by its old one.
    arms_in_texts
        Old names and labels of the arms; none where they are public.
    private
        Words of the person for other things than arms, to remove from texts, the longest first.
    """

    arms: Mapping[str, str]
    labels: Mapping[str, str]
    outcomes: Mapping[str, Outcome]
    called: Mapping[str, str]
    arms_in_texts: tuple[str, ...]
    private: tuple[str, ...]

    def contrast(self, contrast: Contrast) -> Contrast:
        """A contrast of this trial with the new names."""
        return Contrast(self.arms[contrast.arm], self.arms[contrast.comparator])

    def clean(self, text: str) -> str:
        """A text of the program without the private words. Such a text names no arm, whose name may be any word."""
        return _without(self.private, text)

    def clean_of_arms(self, text: str) -> str:
        """A text that the program may not have written, such as of a model of one's own: without arms too."""
        return _without(_longest_first([*self.private, *self.arms_in_texts]), text)

    def name(self, name: str) -> str:
        """The name of an arm or of a column in the copy."""
        return self.called[name] if name in self.called else self.clean(name)


def names_in_copy(material: Material) -> SharedNames:
    """New names of arms and outcomes, and the words that must not be in the copy."""
    data, protocol = material.data, material.protocol
    published = protocol is not None and is_published(protocol)
    if published:
        arms, labels = {arm: arm for arm in data.arms}, dict(data.labels)
    else:
        called = _named_by_doses(protocol, data)
        arms, labels = called, {called[arm]: called[arm] for arm in data.arms}
    confounders = [*data.covariates, *(protocol.confounders if protocol else ())]
    outcomes = {each.name: _outcome(each, place) for place, each in enumerate(data.outcomes, start=1)}
    words = [name for name in confounders if name not in KNOWN_CONFOUNDERS]
    words += [text for each in data.outcomes if each.name not in OUTCOMES for text in (each.name, each.label)]
    return SharedNames(
        arms=arms,
        labels=labels,
        outcomes=outcomes,
        called={data.labels[arm]: labels[arms[arm]] for arm in data.arms},
        arms_in_texts=() if published else (*data.arms, *data.labels.values()),
        private=_longest_first(words),
    )


def _longest_first(words: Iterable[str]) -> tuple[str, ...]:
    """Words in an order in which no part of a longer one remains."""
    return tuple(sorted({word for word in words if word}, key=len, reverse=True))


def _without(words: Iterable[str], text: str) -> str:
    for word in words:
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "…", text)
    return text


def is_published(protocol: Protocol) -> bool:
    """Whether the protocol is an unchanged template, whose words are public."""
    return protocol.name in template_names() and read_protocol(protocol.name).sha256 == protocol.sha256


def _named_by_doses(protocol: Protocol | None, data: TrialData) -> dict[str, str]:
    """Every arm named by its doses; by a letter where those are not known."""
    called: dict[str, str] = {}
    for place, arm in enumerate(data.arms):
        wanted = f"arm {chr(ord('A') + place)}"
        if protocol is not None and arm in protocol.arm_names:
            wanted = doses_in_copy(protocol.arm_named(arm))
        again = sum(name == wanted or name.startswith(f"{wanted} (") for name in called.values())
        called[arm] = f"{wanted} ({again + 1})" if again else wanted
    return called


def doses_in_copy(arm: Arm) -> str:
    """The doses of an arm in words."""
    held = [f"{dose.substance.replace('-', ' ')} {dose.compound_in_words} mg" for dose in arm.doses]
    return " + ".join(held) or "no dose"


def _outcome(outcome: Outcome, place: int) -> Outcome:
    if outcome.name not in OUTCOMES:
        named = f"outcome {place}"
        return replace(outcome, name=named, label=named, unit="units", source="")
    known = OUTCOMES[outcome.name]
    return replace(outcome, label=known.label, unit=known.unit, source=known.source)
