"""Which schedules a design may draw, and an exactly uniform draw from a 256-bit seed."""

from n1trial.design.allocation.admissible import Admissible, Order
from n1trial.design.allocation.chain import Chain
from n1trial.design.allocation.luck import Luck, luck_of
from n1trial.design.allocation.stream import below, new_seed, permutation, permuted_blocks, words

__all__ = [
    "Admissible",
    "Chain",
    "Luck",
    "Order",
    "below",
    "luck_of",
    "new_seed",
    "permutation",
    "permuted_blocks",
    "words",
]
