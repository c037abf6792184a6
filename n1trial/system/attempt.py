"""A piece of work whose result may be the caller's mistake, which is not tried again."""

from collections.abc import Callable
from dataclasses import dataclass

from n1trial.errors import N1TrialError


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A mistake of the caller's, as the result of an attempt."""

    error: N1TrialError


def attempt[T, R](work: Callable[[T], R], item: T) -> R | Refused:
    """The result, or the caller's mistake as a value, so that the work is not tried again."""
    try:
        return work(item)
    except N1TrialError as error:
        return Refused(error=error)


def result_of[R](outcome: R | Refused) -> R:
    """The result of an attempt; raises the caller's mistake."""
    if isinstance(outcome, Refused):
        raise outcome.error
    return outcome
