"""For the helper: what goes into which kit, and labels; for somebody without one: envelopes."""

import shlex
from collections import Counter
from dataclasses import dataclass

from n1trial.design.blinding import LETTERS, Filling, Key, Kit, fillings, kits_of
from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule
from n1trial.markup.text import amount_in_words
from n1trial.trial_folder.printouts.evening import kit_in_words
from n1trial.trial_folder.printouts.page import page


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """How many capsules of one kind to fill for the whole trial."""

    substance: str
    mg_each: float
    capsules: int

    @property
    def in_each(self) -> str:
        """What one capsule holds."""
        return f"{amount_in_words(self.mg_each)} mg" if self.mg_each else "no active substance"


def packing_html(
    coded: Schedule,
    protocol: Protocol,
    key: Key,
    *,
    commitment: str,
    sealed: bool,
    folder: str = "my-trial",
    person: str = "",
) -> str:
    """The packing list, for the helper's eyes alone: a line a kit, and what to fill for the whole trial.

    Parameters
    ----------
    coded
        The schedule with letters.
    sealed
        The key is in the trial's folder, behind the helper's passphrase; else it is beside this page.
    folder, person
        Name of the trial's folder, for the command that opens the key; name or number of its person.
    """
    kits = kits_of(coded)
    by_arm = {filling.arm: filling for filling in fillings(protocol)}
    return page(
        "packing.html.j2",
        protocol=protocol,
        lines=[(kit, protocol.arm_named(key.arms[kit.arm]).label, by_arm[key.arms[kit.arm]]) for kit in kits],
        heaps=heaps([(kit, by_arm[key.arms[kit.arm]]) for kit in kits]),
        each_evening=kit_in_words(protocol),
        commitment=commitment,
        sealed=sealed,
        folder=shlex.quote(folder),
        person=person,
    )


def heaps(packed: list[tuple[Kit, Filling]]) -> list[Heap]:
    """The capsules of all kits together, by what is in them."""
    count: Counter[tuple[str, float]] = Counter()
    for kit, filling in packed:
        for serving in filling.servings:
            for fill in serving.fills:
                count[fill.substance, fill.mg_each] += fill.capsules * kit.nights
    return [Heap(substance=name, mg_each=mg, capsules=number) for (name, mg), number in sorted(count.items())]


def labels_html(coded: Schedule, protocol: Protocol, *, person: str = "") -> str:
    """One label a kit; it says when and how many, never what."""
    return page(
        "labels.html.j2",
        protocol=protocol,
        kits=kits_of(coded),
        each_evening=kit_in_words(protocol),
        person=person,
    )


def envelopes_html(coded: Schedule, protocol: Protocol, *, folder: str = "my-trial", person: str = "") -> str:
    """How to hide the arms from oneself with boxes and envelopes, and what that cannot do.

    Parameters
    ----------
    folder
        Name of the trial's folder, for the command that opens the envelopes.
    person
        Name or number of the person.
    """
    nights = Counter({kit.arm: 0 for kit in kits_of(coded)})
    for kit in kits_of(coded):
        nights[kit.arm] += kit.nights
    return page(
        "envelopes.html.j2",
        protocol=protocol,
        folder=shlex.quote(folder),
        person=person,
        letters=LETTERS[: len(protocol.arms)],
        nights=max(nights.values()),
        fillings=[(protocol.arm_named(filling.arm).label, filling) for filling in fillings(protocol)],
        each_evening=kit_in_words(protocol),
    )
