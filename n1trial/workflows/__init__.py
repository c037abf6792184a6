"""A folder in, a file out: fit, report, cohort and demo, called by the commands and from Python."""
