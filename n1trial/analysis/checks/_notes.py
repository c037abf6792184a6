"""The note of a check in two forms: with every digit for `checks.csv`, and with three on a page."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in a note.

    Attributes
    ----------
    value
        The number.
    spec
        How `checks.csv` has it, as `format` takes it.
    page_spec
        How a page has what `checks.csv` has.
    """

    value: float
    spec: str
    page_spec: str = ".3g"

    @property
    def exact(self) -> str:
        """As in `checks.csv`."""
        return format(self.value, self.spec)

    @property
    def short(self) -> str:
        """As on a page, with a true minus; a large number is written out."""
        value = float(self.exact)
        text = format(value, self.page_spec)
        return (f"{value:.0f}" if "e" in text and abs(value) < 1e6 else text).replace("-", "−")


def notes(*parts: str | Figure) -> tuple[str, str]:
    """A note for `checks.csv`, and the same for a page, where numbers have three digits.

    Parameters
    ----------
    parts
        Words, kept as they are, and numbers.
    """
    return (
        "".join(part.exact if isinstance(part, Figure) else part for part in parts),
        "".join(part.short if isinstance(part, Figure) else part for part in parts),
    )
