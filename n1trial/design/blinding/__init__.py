"""Hide the arms from the person: letters for arms, kits for periods, and the key that somebody else keeps.

It protects from an honest person's own expectations and mistakes. It does not stop an owner who holds the key, or
who opens a capsule, from looking.
"""

from n1trial.design.blinding.capsules import Fill, Filling, Serving, fillings
from n1trial.design.blinding.coding import (
    LETTERS,
    Hidden,
    coded_protocol,
    coded_schedule,
    decoded_schedule,
    draw_key,
    key_from_envelopes,
    refuse_unblindable,
)
from n1trial.design.blinding.key import (
    Key,
    commitment,
    read_key,
    sealed_by_passphrase,
    unsealed_by_passphrase,
)
from n1trial.design.blinding.kits import Kit, kits_of, letters_of, with_kits, with_letters

__all__ = [
    "LETTERS",
    "Fill",
    "Filling",
    "Hidden",
    "Key",
    "Kit",
    "Serving",
    "coded_protocol",
    "coded_schedule",
    "commitment",
    "decoded_schedule",
    "draw_key",
    "fillings",
    "key_from_envelopes",
    "kits_of",
    "letters_of",
    "read_key",
    "refuse_unblindable",
    "sealed_by_passphrase",
    "unsealed_by_passphrase",
    "with_kits",
    "with_letters",
]
