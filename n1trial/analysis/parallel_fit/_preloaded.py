"""Imports the sampler: for processes that exist to use it."""

import gc
import importlib

# Imported modules stay until the end. Collecting garbage among them, during the import and at exit, would be
# a quarter of the time.
gc.disable()
# Some of its modules read the source of every module that imports them: first, while those are few.
importlib.import_module("arviz_base")
worker = importlib.import_module("n1trial.analysis.parallel_fit.worker")
gc.freeze()
gc.enable()
