"""From a trial's table to draws of an effect: model matrix, priors, models, sampler, and the fast engine."""
