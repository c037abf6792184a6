"""N-of-1 trials of sleep: one person, a randomised crossover, an honest answer."""
