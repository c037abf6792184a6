"""A trial's folder: created, filled, changed and read, with its log, its printouts and checks of data quality."""
