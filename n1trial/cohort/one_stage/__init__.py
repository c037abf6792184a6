"""Nights of many people under one model: every person's effect, the average and its spread at once."""
