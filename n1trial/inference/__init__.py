"""From a trial's table to a posterior: model matrix, priors, models, sampler, compile cache, and the fast engine."""
