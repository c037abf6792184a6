"""A folder in, a file out: fit, report, cohort and demo, as commands and Python call them."""
