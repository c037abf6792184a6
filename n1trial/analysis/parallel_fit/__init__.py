"""Outcomes fitted in parallel, each in a process that has imported the sampler in advance."""
