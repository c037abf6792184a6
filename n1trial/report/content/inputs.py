"""All that a report is written from, in one noun."""

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
    """What was planned, measured, written down and estimated.

    `fits` and `effects` hold one entry an outcome, in the same order; the first is the outcome that the trial
    is about. By outcome name `checks` holds lines and `tables` the
    numbers of figures, each under the name of its check. `facts` says where the numbers come from, as lines of
    name and value. `about` holds what only the person can say, by the names of `cent.ASKED`. `earlier` holds
    the answers of earlier editions, a line each. `title` stands over a report without a protocol; empty: a question
    about the outcome. `person` says whose trial it is, by name or number. `devices` holds the nights of every
    device by its name, the one that is analysed first. Without `single_nights` no night is shown on its own, only
    what they add up to. `shared` marks a copy that `sharing` made.
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
        """Whether a gate forbids the verdict of the primary outcome."""
        return bool(self.effects[0].problems)
