"""Under which names the columns of a table of one's own are kept beside those that every trial has."""

# Columns of `TrialData.table`, and those that are made on the way to it.
TAKEN = frozenset(
    {
        *("arm", "block", "day", "device", "flags", "given_period", "left_out", "night", "order", "period"),
        *("rests_on", "run_in", "start"),
    }
)


def kept_as(column: str) -> str:
    """The name of a measured column or a covariate in the trial: its own, if no other column has it.

    >>> kept_as("caffeine"), kept_as("period")
    ('caffeine', 'period_')
    """
    return f"{column}_" if column in TAKEN else column
