"""The sealed key: what turns letters back into arms, and the commitment to it that is printed before night 1.

The commitment is SHA-256(nonce ‖ canonical JSON): the 32 bytes of the nonce, then the key as JSON in ASCII with
sorted names and without spaces. It gives nothing away, since the nonce is 256 random bits, and no other key
can be shown in its place later.
"""

import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from n1trial.errors import BlindingError


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Which arm each letter stands for, the seed behind the schedule, and the nonce of the commitment.

    `seed` is empty where the letters were dealt by shuffled envelopes, and so is `nonce` (both are 64
    hexadecimal digits otherwise).
    """

    arms: Mapping[str, str]
    protocol_sha256: str
    seed: str = ""
    nonce: str = ""

    @property
    def canonical(self) -> str:
        """What the commitment is about, in one spelling."""
        meaning = {
            "arms": dict(self.arms),
            "form": 1,
            "protocol_sha256": self.protocol_sha256,
            "seed": self.seed,
        }
        return json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @property
    def text(self) -> str:
        """The key as a file."""
        return json.dumps({"nonce": self.nonce, "key": json.loads(self.canonical)}, indent=1) + "\n"


def commitment(key: Key) -> str:
    """SHA-256(nonce ‖ canonical JSON), as 64 hexadecimal digits."""
    return hashlib.sha256(bytes.fromhex(key.nonce) + key.canonical.encode("ascii")).hexdigest()


def read_key(text: str, *, where: str) -> Key:
    """Read a key file.

    Raises
    ------
    BlindingError
        No key inside.
    """
    try:
        document = json.loads(text)
        key = document["key"]
        arms = {str(letter): str(arm) for letter, arm in key["arms"].items()}
        opened = Key(
            arms=arms, protocol_sha256=key["protocol_sha256"], seed=key["seed"], nonce=document["nonce"]
        )
        commitment(opened)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BlindingError(f"{where}: no key inside: give the key.json that your helper keeps") from error
    return opened


def sealed_by_passphrase(key: Key, passphrase: str) -> bytes:
    """The key as an age file that opens with a passphrase.

    Raises
    ------
    BlindingError
        The extra `seal` is not installed, or the passphrase is short.
    """
    if len(passphrase) < 8:
        raise BlindingError("passphrase: shorter than 8 characters: let your helper take a longer one")
    sealed: bytes = _age().encrypt(key.text.encode(), passphrase)
    return sealed


def unsealed_by_passphrase(sealed: bytes, passphrase: str, *, where: str) -> Key:
    """The key out of an age file.

    Raises
    ------
    BlindingError
        The extra `seal` is not installed, the passphrase is another, or the file is damaged.
    """
    age = _age()
    try:
        text = age.decrypt(sealed, passphrase).decode()
    except (importlib.import_module("pyrage").DecryptError, UnicodeDecodeError) as error:
        raise BlindingError(
            f"{where}: does not open ({error}): ask your helper for the passphrase"
        ) from error
    return read_key(text, where=where)


def _age() -> Any:
    try:
        return importlib.import_module("pyrage.passphrase")
    except ImportError as error:
        raise BlindingError(
            "sealing: age is not installed: install n1trial[seal], or let your helper keep a key file instead"
        ) from error
