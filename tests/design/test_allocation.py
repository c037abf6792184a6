import hashlib
import itertools
import shutil
import subprocess
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from math import factorial
from multiprocessing import get_context

import numpy as np
import pytest
from paths import HELPERS, TESTS
from scipy import stats

from n1trial.design.allocation import Admissible, below, words
from n1trial.design.allocation.luck import luck_of
from n1trial.design.allocation.stream import DOMAIN
from n1trial.design.protocol import read_protocol, template_names
from n1trial.errors import ScheduleError

PROTOCOL = "ab" * 32
# Made by `allocation.pl`, a program in another language from the definitions in words; the first four by a
# third one, in JavaScript.
VECTORS = (TESTS / "golden" / "allocations.txt").read_text(encoding="utf-8").splitlines()
PERL = shutil.which("perl")
HAS_SHA = (
    PERL
    and subprocess.run([PERL, "-MDigest::SHA", "-e", "1"], check=False, capture_output=True).returncode == 0
)


def stream(seed):
    return words(protocol_sha256=PROTOCOL, seed=f"{seed:064x}")


def admissible(arms, blocks, order="any", never="-"):
    pairs = () if never == "-" else tuple(pair.split("-")[::-1] for pair in never.split(","))
    return Admissible(arms=tuple(arms), blocks=blocks, order=order, never=tuple(map(tuple, pairs)))


def test_the_stream_is_sha256_in_counter_mode():
    by_hand = hashlib.sha256(DOMAIN + bytes.fromhex(PROTOCOL) + bytes(32) + (1).to_bytes(8, "big")).digest()
    _, second = itertools.islice(stream(0), 2)
    assert second == int.from_bytes(by_hand[:8], "big")


def test_words_of_the_incomplete_last_cycle_are_thrown_away():
    too_large = 2**64 - 1
    assert below(iter([too_large, 7]), 3) == 1


def test_a_number_above_a_word_is_made_of_two_the_first_the_most_significant():
    assert below(iter([1, 5]), 2**64 + 7) == 2**64 + 5
    assert below(iter([3]), 2**64) == 3


@pytest.mark.parametrize("seed", ["", "xyz", "00", "0" * 63, "0" * 66])
def test_a_seed_that_is_not_256_bits_is_refused(seed):
    with pytest.raises(ScheduleError, match="not 64 hexadecimal digits"):
        next(words(protocol_sha256=PROTOCOL, seed=seed))


@pytest.mark.parametrize("vector", VECTORS, ids=range(1, len(VECTORS) + 1))
def test_the_same_seed_gives_the_same_schedule_for_ever(vector):
    case, _, expected = vector.partition(" : ")
    protocol, seed, arms, blocks, order, never = case.split()
    drawn = admissible(arms, int(blocks), order, never).draw(words(protocol_sha256=protocol, seed=seed))
    assert " ".join("".join(block) for block in drawn) == expected


@pytest.mark.skipif(not HAS_SHA, reason="perl with Digest::SHA is not installed; .ci/run brings it")
def test_fifty_vectors_are_the_same_in_another_language():
    cases, _, expected = zip(*(vector.partition(" : ") for vector in VECTORS), strict=True)
    result = subprocess.run(
        [PERL, HELPERS / "allocation.pl"], input="\n".join(cases), capture_output=True, text=True, check=True
    )
    assert len(VECTORS) == 50
    assert result.stdout.splitlines() == list(expected)


@pytest.mark.parametrize(
    ("order", "never", "size"),
    [
        ("any", "-", 6**6),
        ("no-repeat", "-", 6 * 4**5),  # after one block four of the six orders begin with another arm
        ("abba", "-", 6**3),
        ("williams", "-", 2 * 6 * 6),  # which of two mirrored squares is first, and the rows of each
        ("any", "A-B,A-C,B-A,B-C,C-A,C-B", 0),
    ],
)
def test_six_blocks_of_three_arms_are_counted(order, never, size):
    assert admissible("ABC", 6, order, never).size == size


def listed(arms, blocks, order, never):
    """Every schedule that keeps the rules, by looking at each that there is."""
    bad = {tuple(pair.split("-")) for pair in never.split(",") if pair != "-"}
    bad |= {(arm, arm) for arm in arms} if order == "no-repeat" else set()
    for rows in itertools.product(itertools.permutations(arms), repeat=blocks):
        neighbours = set(itertools.pairwise(itertools.chain(*rows)))
        mirrored = all(one == other[::-1] for one, other in zip(rows[::2], rows[1::2], strict=False))
        if not neighbours & bad and (order != "abba" or mirrored) and (order != "williams" or balanced(rows)):
            yield rows


def balanced(rows):
    """A Latin square (with an odd number of arms two) in which every arm follows every other equally often."""
    k = len(rows[0])
    parts = [rows[start : start + k] for start in range(0, len(rows), k)]
    latin = all(len(set(column)) == k for part in parts for column in zip(*part, strict=True))
    follows = Counter(pair for row in rows for pair in itertools.pairwise(row))
    return latin and len(follows) == k * (k - 1) and len(set(follows.values())) == 1


@pytest.mark.parametrize(
    ("arms", "blocks", "order", "never"),
    [
        ("AB", 5, "any", "-"),
        ("AB", 4, "no-repeat", "-"),
        ("ABC", 3, "any", "C-A"),
        ("ABC", 4, "no-repeat", "-"),
        ("ABC", 3, "no-repeat", "A-B"),
        ("ABC", 4, "abba", "-"),
        ("AB", 2, "williams", "-"),
        ("ABC", 6, "williams", "-"),
    ],
)
def test_all_that_may_be_drawn_are_there_once_and_nothing_else(arms, blocks, order, never):
    design = admissible(arms, blocks, order, never)
    wanted = {design.codes(rows).tobytes() for rows in listed(arms, blocks, order, never)}
    schedules = [schedule.tobytes() for schedule in design.every()]
    assert len(schedules) == len(wanted) == design.size
    assert set(schedules) == wanted


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 7])
def test_a_williams_cycle_is_balanced(k):
    arms = "ABCDEFG"[:k]
    blocks = k if k % 2 == 0 else 2 * k
    for seed in range(20):
        assert balanced(admissible(arms, blocks, "williams").draw(stream(seed)))


@pytest.mark.parametrize(
    ("arms", "blocks", "order"), [("ABC", 4, "any"), ("ABC", 4, "no-repeat"), ("ABC", 6, "williams")]
)
def test_swaps_of_two_labels_are_those_that_may_be_drawn(arms, blocks, order):
    design = admissible(arms, blocks, order)
    schedule = design.codes(design.draw(stream(3)))
    others = schedule == arms.index("C")
    alike = [each for each in design.every() if ((each == arms.index("C")) == others).all()]
    swaps = design.swaps(schedule, "A", "B")
    assert {each.tobytes() for each in swaps.every()} == {each.tobytes() for each in alike}
    assert swaps.size == len(alike)


def test_the_cost_of_a_restricted_order_is_the_published_one():
    """6,144 schedules without a repeat, of which 92 % allow at most 32 swaps, 16 in the middle."""
    design = admissible("ABC", 6, "no-repeat")
    sizes = [design.swaps(each, "A", "B").size for each in design.every()]
    assert np.median(sizes) == 16
    assert round(np.mean(np.array(sizes) <= 32), 2) == 0.92
    free, kept = luck_of(admissible("ABC", 6)), luck_of(design)
    assert (free.swaps, free.least_swap_p, free.reach_05) == (64, 2 / 64, 1.0)
    assert (kept.swaps, kept.least_swap_p) == (16, 2 / 16)
    assert 0.05 < kept.reach_05 < 0.12


@pytest.mark.parametrize(("order", "blocks"), [("abba", 2), ("no-repeat", 6)])
def test_two_arms_in_a_fixed_pattern_leave_nothing_to_test(order, blocks):
    assert luck_of(admissible("AB", blocks, order)).least_p == 1.0


def test_many_blocks_are_counted_and_drawn_without_listing_them():
    design = admissible("ABC", 60, "no-repeat")
    assert design.size == 6 * 4**59
    rows = list(itertools.chain(*design.draw(stream(1))))
    assert all(one != other for one, other in itertools.pairwise(rows))
    assert len(np.unique(design.sample(500, 1), axis=0)) == 500


@pytest.mark.parametrize("order", ["any", "no-repeat", "abba", "williams"])
def test_every_schedule_of_an_order_is_equally_likely(order):
    design = admissible("AB" if order == "no-repeat" else "ABC", 6 if order == "williams" else 2, order)
    one_stream = stream(1)
    draws = 500 * design.size
    seen = Counter(design.draw(one_stream) for _ in range(draws))
    assert len(seen) == design.size
    assert stats.chisquare(list(seen.values())).pvalue > 1e-4


DRAWS = 400_000
# Sets larger than this are looked at through as many of their blocks as stay below it: a uniform schedule has
# uniform blocks, first and last ones.
CELLS = 50_000


def cells_of(name, first, count):
    """How often each schedule of a template is drawn from so many seeds, or each of its beginnings and ends."""
    protocol = read_protocol(name)
    design = protocol.admissible
    looked_at = {"schedules": slice(None)}
    if design.size > CELLS:
        assert design.order == "any"
        seen = int(np.log(CELLS) / np.log(factorial(len(design.arms))))
        looked_at = {f"first {seen} blocks": slice(seen), f"last {seen} blocks": slice(-seen, None)}
    counts = {part: Counter() for part in looked_at}
    for seed in range(first, first + count):
        drawn = design.draw(words(protocol_sha256=protocol.sha256, seed=f"{seed:064x}"))
        for part, blocks in looked_at.items():
            counts[part][drawn[blocks]] += 1
    return counts


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
        yield workers


@pytest.mark.slow
@pytest.mark.parametrize("name", template_names())
def test_many_draws_of_a_template_fall_evenly_on_its_schedules(name, pool):
    one, other = pool.map(cells_of, [name] * 2, [0, DRAWS // 2], [DRAWS // 2] * 2)
    design = read_protocol(name).admissible
    for part in one:
        counts = one[part] + other[part]
        blocks = len(next(iter(counts)))
        cells = design.size if blocks == design.blocks else factorial(len(design.arms)) ** blocks
        assert counts.total() == DRAWS
        chi2 = sum(np.square(list(counts.values()), dtype=float)) * cells / DRAWS - DRAWS
        p = stats.chi2.sf(chi2, cells - 1)
        print(f"{name}: {DRAWS:,} draws over {cells:,} {part}: chi2 p {p:.3f}")
        assert p > 1e-4
