"""A trial's folder: made, filled, changed and read, with its log, its printouts and the quality of its record."""
