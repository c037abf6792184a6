"""How well the sampler converges at the first try: many seeds on the demo's nights and on three other trials."""

from datetime import date

import numpy as np
import pandas as pd

from n1trial.data.nights import COLUMNS, Nights
from n1trial.data.trial_assembly import join_trial
from n1trial.design.protocol import read_protocol
from n1trial.design.schedule import randomise
from n1trial.inference.compile_cache import compile_model
from n1trial.inference.convergence import worst_of
from n1trial.inference.models import model_for
from n1trial.inference.sampling import ATTEMPTS, sample_compiled
from n1trial.planning.simulate import Truth, simulate_nights
from n1trial.workflows.demo import PERSON, TEMPLATE, TRUTH

SEEDS = 20
# Of so few seeds one may miss.
MOST_R_HAT, LEAST_ESS, LEAST_SHARE = 1.006, 1000, 0.95
# Template, truth and the seed of the nights: the demo's, few nights, quiet nights that differ by weekday and
# week, and wild ones with many wakes.
TRIALS = {
    "demo": (TEMPLATE, TRUTH, PERSON),
    "six weeks": ("fast-glycine-screen", Truth(effects_min={"glycine": 20.0}), 1),
    "quiet nights": (
        "slow-magnesium",
        Truth(residual_sd=43.0, period_sd=15.0, phi=0.3, wakes_mean=2.0, wakes_omega=-0.3),
        2,
    ),
    "wild nights": (
        "three-forms-of-magnesium",
        Truth(residual_sd=102.0, drift_sd=47.0, period_sd=20.0, wakes_mean=25.0, wakes_omega=0.3),
        3,
    ),
}


def data_of(trial):
    """The trial's data, joined as real ones are."""
    template, truth, seed = TRIALS[trial]
    protocol = read_protocol(template)
    schedule = randomise(protocol, start=date(2026, 1, 5), seed=f"{seed:064x}")
    simulated = simulate_nights(schedule, truth, seed=seed).table
    nights = pd.DataFrame(dict.fromkeys(COLUMNS, np.nan), index=range(len(simulated)))
    present = simulated["present"]
    measured = {name: simulated[name].where(present) for name in ("tst_min", "wake_episodes")}
    return join_trial(
        schedule, Nights(nights.assign(night=simulated["night"], flags="", **measured)), protocol
    )


def converged(trial, seeds):
    """Diagnostics [seed] of every outcome of a trial: the worst over all parameters and what is sampled of it."""
    data = data_of(trial)
    of_outcomes = {}
    for outcome in data.outcomes:
        model = model_for(outcome)
        built = model.build(data, outcome)
        compiled = compile_model(built)
        # The sceptic's variant is drawn from the default's by weights.
        of_data = [{}, *(new for name, new in model.variants(data, outcome).items() if name != "sceptical")]
        of_outcomes[outcome.name] = [
            worst_of(
                [
                    sample_compiled(built, compiled, new, seed=seed, attempts=ATTEMPTS[:1]).diagnostics
                    for new in of_data
                ]
            )
            for seed in seeds
        ]
    return of_outcomes


def convergence_study(seeds=SEEDS):
    """Share of seeds within the limits, and the worst figures, by trial and outcome."""
    study = {}
    for trial in TRIALS:
        for outcome, diagnostics in converged(trial, range(seeds)).items():
            r_hat = np.array([each.max_r_hat for each in diagnostics])
            ess = np.array([min(each.min_ess_bulk, each.min_ess_tail) for each in diagnostics])
            divergent = np.array([each.divergences > 0 for each in diagnostics])
            within = (r_hat <= MOST_R_HAT) & (ess >= LEAST_ESS) & ~divergent
            study[f"{trial}, {outcome}"] = {
                "within": float(within.mean()),
                "largest R-hat": float(r_hat.max()),
                "least ESS": float(ess.min()),
                "with divergences": int(divergent.sum()),
            }
    return {"seeds": seeds, "of": study}
