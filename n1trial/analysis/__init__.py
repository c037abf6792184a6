"""Posterior draws to a verdict: effects, interim analyses, checks beside the model, and fits saved in a file."""
