"""Outcomes fitted side by side, each in a process of its own that has loaded the sampler ahead."""
