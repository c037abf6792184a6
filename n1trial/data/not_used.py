"""Why a record of sleep is not used: what its vendor says, what it lacks, and how it stands to other records."""

from enum import StrEnum


class NotUsed(StrEnum):
    """Why a record is not used, or has no sleep time; a member equals its text, which files hold.

    Examples
    --------
    >>> from n1trial.data.not_used import NotUsed
    >>> NotUsed("too_short") is NotUsed.TOO_SHORT, NotUsed.TOO_SHORT.words
    (True, 'too short')
    """

    NO = ""
    # The vendor rejects it, or had not finished it.
    DELETED = "deleted"
    REST = "rest"
    UNCONFIRMED = "unconfirmed"
    UNFINISHED = "unfinished"
    # It has no sleep time.
    DAMAGED = "damaged"
    IMPLAUSIBLE = "implausible"
    IN_BED_ONLY = "in_bed_only"
    MANUAL = "manual"
    NO_STAGES = "no_stages"
    NOT_CONFIRMED = "not_confirmed"
    SEVERAL_SLEEPS = "several_sleeps"
    UNPROCESSED = "unprocessed"
    UNSCORED = "unscored"
    UNSTAGED = "unstaged"
    # Beside the other records of the night.
    NAP = "nap"
    NAP_ONLY = "nap_only"
    OTHER_APP = "other_source"
    OTHER_LAYOUT = "other_layout"
    OVERLAP = "overlap"
    SUPERSEDED = "superseded"
    TOO_SHORT = "too_short"

    @property
    def words(self) -> str:
        """The reason with spaces between its words."""
        return self.value.replace("_", " ")

    def __repr__(self) -> str:
        # Copies of a record that differ in nothing else are ordered by their `repr`: it stays that of the text.
        return repr(self.value)
