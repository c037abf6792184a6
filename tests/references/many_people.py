"""A cohort of people under one model: time, effective draws, and the same model written naively, in one run.

    uv run python tests/references/many_people.py 100
    uv run python tests/references/many_people.py 1000 --no-naive

People have 63 nights each (3 blocks of 3 arms of 7 nights) and differ as the specification says. Written naively
means: everything non-centred, no centring chosen by how much the data say of a term, and the sampler's defaults.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from people import ORDINARY, SLEEP, WAKES, pretend_people, simulated_cohort

from n1trial.cohort.one_stage import fit, sleep_time_model, wake_count_model
from n1trial.cohort.one_stage.stacked_data import stack
from n1trial.inference.compile_cache import compile_model
from n1trial.inference.sampling import ATTEMPTS, sample_compiled

OF_WAKES = {
    **{
        "average": [-0.05, -0.15],
        "spread": [0.08, 0.12],
        "period_sd": 0.08,
        "level_sd": 0.4,
    },
    **{"weekday_sd": 0.08, "weekday_spread": 0.06, "omega_logit_sd": 0.2, "omega_logit_of_all": -0.9},
}


def print_figures(name, sampled, seconds):
    found = sampled.diagnostics
    least = min(found.min_ess_bulk, found.min_ess_tail)
    print(
        f"{name}: sampling {seconds:.1f} s, R-hat {found.max_r_hat:.4f}, least effective draws {least:.0f},"
        f" {found.divergences} divergences, {least / seconds:.1f} effective draws a second",
        flush=True,
    )


def sample(model, cohort, **how):
    built = model.build(cohort)
    started = time.perf_counter()
    compiled = compile_model(built, densities=False)
    compiled_at = time.perf_counter()
    sampled = sample_compiled(built, compiled, how.pop("values", {}), seed=1, **how)
    print(f"compiling {compiled_at - started:.1f} s", flush=True)
    return sampled, time.perf_counter() - compiled_at


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("people", type=int)
    parser.add_argument("--wakes", action="store_true")
    parser.add_argument("--no-naive", action="store_true")
    asked = parser.parse_args()
    model, outcome, held = (
        (wake_count_model, WAKES, OF_WAKES) if asked.wakes else (sleep_time_model, SLEEP, ORDINARY)
    )
    cohort, _ = simulated_cohort(
        pretend_people(asked.people, outcome=outcome, blocks=3), model, outcome, held=held, seed=3
    )
    print_figures(
        f"{model.NAME}, {asked.people} people",
        *sample(model, cohort, draws=fit.DRAWS, tune=fit.TUNE, attempts=fit.attempts_for(cohort)),
    )
    if not asked.no_naive:
        nothing = {
            name: 0.0 * value
            for name, value in model.data_of(cohort, stack(cohort)).items()
            if name.endswith("_likelihood")
        }
        print_figures(
            "the same model written naively", *sample(model, cohort, values=nothing, attempts=ATTEMPTS[:1])
        )


if __name__ == "__main__":
    main()
