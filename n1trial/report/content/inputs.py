"""The inputs of a trial's report, as one type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from n1trial.analysis.checks import CheckResult
from n1trial.analysis.effects import Effects
from n1trial.data.diary import Diary
from n1trial.data.nights import Nights
from n1trial.data.trial_data import TrialData
from n1trial.design.protocol import Protocol
from n1trial.inference.fit import Fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The inputs of a report: what was planned, measured, recorded in the diary and estimated.

    Attributes
    ----------
    data : TrialData
        The nights joined with the schedule.
    fits : Sequence of Fit [outcome]
        The fitted models; the first is of the primary outcome.
    effects : Sequence of Effects [outcome]
        The effects of each fit, in the same order.
    checks : Mapping of str to Sequence of CheckResult
        Results of the checks, by name of the outcome.
    tables : Mapping of str to Mapping of str to DataFrame
        Numbers of the checks' figures, by name of the outcome and of the check.
    protocol : Protocol or None
        The protocol; None: there was none.
    title : str
        Title of a report without a protocol; empty: a question about the outcome.
    person : str
        Whose trial it is, by name or number; empty: not shown.
    diary : Diary or None
        The diary; None: there is none.
    facts : Mapping of str to str
        Where the numbers come from, by name.
    about : Mapping of str to str
        The person's own answers for the checklist, by key of `cent_checklist.ASKED`.
    earlier : Sequence of str
        Answers of earlier editions, one line each.
    devices : Mapping of str to Nights
        The nights of every device by name; the first is the one that is analysed.
    single_nights : bool
        Whether single nights are shown; else only numbers over several nights.
    shared : bool
        Whether this is a de-identified copy.

    Examples
    --------
    `data`, `fit` and `effects` are those of `estimate_effects`'s example.

    >>> from n1trial import Material
    >>> material = Material(data=data, fits=[fit], effects=[effects], title="Does glycine help?")
    >>> len(material.fits) == len(material.effects), material.shared
    (True, False)
    """

    data: TrialData
    fits: Sequence[Fit]
    effects: Sequence[Effects]
    checks: Mapping[str, Sequence[CheckResult]] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, pd.DataFrame]] = field(default_factory=dict)
    protocol: Protocol | None = None
    title: str = ""
    person: str = ""
    diary: Diary | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    earlier: Sequence[str] = ()
    devices: Mapping[str, Nights] = field(default_factory=dict)
    single_nights: bool = True
    shared: bool = False

    @property
    def refused(self) -> bool:
        """Whether problems forbid a verdict on the primary outcome."""
        return bool(self.effects[0].problems)
