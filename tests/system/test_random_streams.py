"""The rule for seeds."""

import re

import numpy as np
from paths import PACKAGE

from n1trial.system.random_streams import stream

# What draws again from a generator that it was given, or hands a seed to another library.
OTHERWISE = {
    "system/random_streams.py",
    "inference/weighted_draws.py",
    "inference/compile_cache/_kept.py",
    "planning/simulate/nights.py",
}


def test_a_seed_alone_is_numpys_and_every_key_another_stream():
    assert np.array_equal(stream(7).random(3), np.random.default_rng(7).random(3))
    assert np.array_equal(stream(7, 1, 2).random(3), stream(7, 1, 2).random(3))
    firsts = {float(stream(*numbers).random()) for numbers in ((7,), (7, 1), (7, 2), (8, 1), (7, 1, 2))}
    assert len(firsts) == 5


def test_every_module_takes_its_random_numbers_by_the_rule():
    making = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"default_rng\(|SeedSequence\(|RandomState\(", path.read_text(encoding="utf-8"))
    }
    assert making == OTHERWISE
