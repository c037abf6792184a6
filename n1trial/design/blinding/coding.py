"""Letters for arms: which stands for which is drawn from the seed and kept in the key alone."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from n1trial.design.allocation import new_seed, permutation, words
from n1trial.design.blinding.key import Key
from n1trial.design.protocol import Arm, FurtherContrast, Protocol
from n1trial.design.schedule import Schedule
from n1trial.errors import BlindingError

type Hidden = Literal["", "helper", "envelopes"]
"""By whom the arms are hidden: not at all, by a helper who packs kits, by oneself with boxes and envelopes."""
LETTERS = "ABCDEFGH"
# Far beyond the words that a schedule takes from the same stream, which start at 0.
LETTERS_FROM = 2**32


def refuse_unblindable(protocol: Protocol) -> None:
    """Refuse a protocol whose arms cannot be hidden.

    Raises
    ------
    BlindingError
        An arm asks for something that a person notices, nothing is swallowed, or a restriction or look of
        the protocol names arms, so that the letters would give them away.
    """
    for arm in protocol.arms:
        if arm.instruction:
            raise BlindingError(
                f"{protocol.name}: arm {arm.name} is something that you do ({arm.instruction}): it cannot be"
                " hidden, leave --blind away"
            )
    if not any(arm.doses for arm in protocol.arms):
        raise BlindingError(
            f"{protocol.name}: no arm holds a dose: there is nothing to hide, leave --blind away"
        )
    if protocol.design.never:
        raise BlindingError(
            f"{protocol.name}: design.never names arms, and a schedule that keeps it gives them away: remove it"
        )
    if protocol.looks and protocol.looks.stop_when == "decided":
        raise BlindingError(
            f"{protocol.name}: looks.stop_when is decided, which needs the arms: use precise, with sd_at_most"
        )


def draw_key(protocol: Protocol, seed: str) -> Key:
    """A key for a blinded trial: letters dealt by the seed, and a fresh nonce."""
    stream = words(protocol_sha256=protocol.sha256, seed=seed, start=LETTERS_FROM)
    dealt = permutation(stream, protocol.arm_names)
    return Key(
        arms=dict(zip(LETTERS, dealt, strict=False)),
        protocol_sha256=protocol.sha256,
        seed=seed,
        nonce=new_seed(),
    )


def coded_schedule(schedule: Schedule, arms: Mapping[str, str]) -> Schedule:
    """The schedule with letters for arms and without its seed.

    In the run-in, when nothing is taken, stands the first letter, whatever it means.
    """
    letters = {arm: letter for letter, arm in arms.items()}
    coded = schedule.table["arm"].map(letters).where(schedule.table["phase"] == "trial", LETTERS[0])
    return replace(schedule, table=schedule.table.assign(arm=coded.astype("str")), seed="")


def decoded_schedule(schedule: Schedule, key: Key, protocol: Protocol) -> Schedule:
    """The schedule with the arms that its letters stand for, and with its seed."""
    arms = schedule.table["arm"].map(dict(key.arms))
    arms = arms.where(schedule.table["phase"] == "trial", protocol.reference)
    return replace(
        schedule, table=schedule.table.assign(arm=arms.astype("str")), seed=key.seed or schedule.seed
    )


def coded_protocol(protocol: Protocol) -> Protocol:
    """The protocol as it looks while the arms are hidden: letters without doses, A the comparator."""
    letters = LETTERS[: len(protocol.arms)]
    pairs = itertools.combinations(letters[1:], 2)
    return protocol.model_copy(
        update={
            "arms": tuple(Arm.model_construct(name=letter, label=f"arm {letter}") for letter in letters),
            "reference": letters[0],
            "further_contrasts": tuple(FurtherContrast(arm=later, minus=earlier) for earlier, later in pairs),
        }
    )


def key_from_envelopes(protocol: Protocol, slips: Sequence[str]) -> Key:
    """The key from the slips in the envelopes, each as ``A=glycine``.

    Raises
    ------
    BlindingError
        A letter or an arm is missing, unknown, or stands twice.
    """
    pairs = [slip.partition("=")[::2] for slip in slips]
    arms = {letter.strip().upper(): arm.strip() for letter, arm in pairs}
    letters = list(LETTERS[: len(protocol.arms)])
    if (
        len(slips) != len(letters)
        or sorted(arms) != letters
        or sorted(arms.values()) != sorted(protocol.arm_names)
    ):
        raise BlindingError(
            f"--arm: {', '.join(slips) or 'nothing'}: give each of {', '.join(letters)} once, with one of"
            f" {', '.join(protocol.arm_names)} each, such as --arm {letters[0]}={protocol.arm_names[0]}"
        )
    return Key(arms={letter: arms[letter] for letter in letters}, protocol_sha256=protocol.sha256)
