import hashlib
import itertools
from collections import Counter

import pytest
from scipy import stats

from n1trial.allocation import DOMAIN, admissible_schedules, below, permuted_blocks, words
from n1trial.errors import ScheduleError

PROTOCOL = "ab" * 32

# Made by a separate program in JavaScript, written from the definition in the module's docstring.
VECTORS = [
    (0, "ABC", "BCA CBA CAB CBA BCA CBA"),
    (7, "ABC", "BCA CBA BCA ABC CBA CBA"),
    (255, "ABC", "ACB BAC ABC BAC CBA CBA"),
    (2**256 - 1, "ABCDE", "BAECD DACBE ECADB"),
]


def stream(seed):
    return words(protocol_sha256=PROTOCOL, seed=f"{seed:064x}")


def test_the_stream_is_sha256_in_counter_mode():
    by_hand = hashlib.sha256(DOMAIN + bytes.fromhex(PROTOCOL) + bytes(32) + (1).to_bytes(8, "big")).digest()
    _, second = itertools.islice(stream(0), 2)
    assert second == int.from_bytes(by_hand[:8], "big")


def test_words_of_the_incomplete_last_cycle_are_thrown_away():
    too_large = 2**64 - 1
    assert below(iter([too_large, 7]), 3) == 1


def test_six_blocks_of_three_arms_have_46656_schedules():
    assert admissible_schedules(3, 6) == 46_656


def test_every_schedule_of_two_blocks_is_equally_likely():
    draws = 36_000
    one_stream = stream(1)
    seen = Counter(permuted_blocks(one_stream, "ABC", 2) for _ in range(draws))
    assert len(seen) == admissible_schedules(3, 2)
    assert stats.chisquare(list(seen.values())).pvalue > 1e-4


@pytest.mark.parametrize(("seed", "arms", "schedule"), VECTORS)
def test_the_same_seed_gives_the_same_schedule_for_ever(seed, arms, schedule):
    blocks = permuted_blocks(stream(seed), arms, len(schedule.split()))
    assert " ".join("".join(block) for block in blocks) == schedule


@pytest.mark.parametrize("seed", ["", "xyz", "00", "0" * 63, "0" * 66])
def test_a_seed_that_is_not_256_bits_is_refused(seed):
    with pytest.raises(ScheduleError, match="not 64 hexadecimal digits"):
        next(words(protocol_sha256=PROTOCOL, seed=seed))
