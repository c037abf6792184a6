"""The sampler, loaded: import this module in a process that exists to use it."""

import gc
import importlib

# What is imported stays until the end. Looking through it for garbage, while it loads and when the process
# leaves, would be a quarter of the time.
gc.disable()
# Some of its modules read the source of every module that imports them: first, while those are few.
importlib.import_module("arviz_base")
worker = importlib.import_module("n1trial.analysis.parallel_fit.worker")
gc.freeze()
gc.enable()
