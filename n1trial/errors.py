"""Every error that n1trial raises on purpose.

A message is one line a problem: *where: what is wrong (value): what to do*, lower case, no full stop.
Anything that is not an `N1TrialError` is a bug in n1trial and keeps its traceback.
"""


class N1TrialError(Exception):
    """An error that the caller can put right; the message says how.

    Parameters
    ----------
    problem : str, optional
        What is wrong, or a whole message.
    place : str, optional
        Where: a file, a record of it, an option, a column.
    remedy : str, optional
        What to do.

    Attributes
    ----------
    problem, place, remedy : str
        As given, empty where they were not.
    exit_code : int
        Exit status of the command line: 1, or 3 where a result exists but must not be shown.

    Examples
    --------
    >>> from n1trial import N1TrialError, read_protocol
    >>> try:
    ...     read_protocol("no-such-template")
    ... except N1TrialError as error:
    ...     print(error.place, "|", error.problem)
    no-such-template | no template or file of that name
    """

    exit_code = 1

    def __init__(self, problem: str = "", *, place: str = "", remedy: str = "") -> None:
        super().__init__(": ".join(filter(None, (place, problem, remedy))))
        self.problem, self.place, self.remedy = problem, place, remedy

    @property
    def without_place(self) -> str:
        """What is wrong and what to do, for a list in which the place stands already."""
        return ": ".join(filter(None, (self.problem, self.remedy)))


class ProtocolError(N1TrialError):
    """A protocol file that cannot be read, or a trial that it should not describe."""


class ScheduleError(N1TrialError):
    """A schedule that cannot be drawn or read."""


class BlindingError(N1TrialError):
    """Arms that cannot be hidden, or a key that does not open what was sealed."""


class ExportError(N1TrialError):
    """An export that is damaged, hostile, unknown or ambiguous."""


class HomeZoneError(ExportError):
    """Times that cannot be placed without the time zone of the bed; of the whole export, not of one record."""


class DiaryError(N1TrialError):
    """A diary line that cannot be read."""


class FolderError(N1TrialError):
    """A trial folder that is missing, incomplete or locked, or a file that cannot be written."""


class ArgumentError(N1TrialError):
    """An argument of another type than a function takes, or text that is not what it stands for."""


class TableError(N1TrialError):
    """A table of the user's without the column, arm or number that the analysis needs."""


class AnalysisError(N1TrialError):
    """Nights from which the model cannot learn anything: an empty arm, a constant outcome."""


class CohortError(N1TrialError):
    """People who cannot be put together: the same one twice, other doses, other units."""


class TaskError(N1TrialError):
    """Processes or machines that did not do their work: none to reach, killed, of another version."""


class GateError(N1TrialError):
    """A result that exists but must not be shown: a gate refused it."""

    exit_code = 3
