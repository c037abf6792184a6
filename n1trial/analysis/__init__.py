"""From draws to an answer: effects and verdicts, looks before the end, checks beside the model, fits kept in a file."""
