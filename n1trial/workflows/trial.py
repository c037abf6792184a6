"""A trial folder opened from Python: protocol, schedule, diary, nights, and the answers once they may be seen."""

from dataclasses import dataclass
from datetime import UTC, datetime

from n1trial.analysis.effects import Effects
from n1trial.analysis.fit_file import load_fits
from n1trial.data.diary import Diary
from n1trial.data.trial_data import TrialData
from n1trial.design.protocol import Protocol
from n1trial.design.schedule import Schedule
from n1trial.inference.fit import Fit
from n1trial.markup.html_repr import line
from n1trial.system.arguments import GivenPath, path_of
from n1trial.trial_folder.snapshot import read_trial
from n1trial.trial_folder.store import TrialFolder
from n1trial.workflows.fit_trial import analysis_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """A trial folder opened from Python: its protocol, schedule, diary and nights, and the answers once it is over.

    Attributes
    ----------
    folder : TrialFolder
        The folder itself; ``folder.path`` says where it is.
    data : TrialData
        A row a night in ``data.table``; before the first import the planned nights with nothing recorded.
    diary : Diary
        What the person wrote down.
    fits : tuple of Fit, [outcome]
        The primary outcome first; empty until the trial is over and ``n1trial fit`` has seen these nights.
    effects : tuple of Effects, [outcome]
        The estimates of each fit, in the unit of its outcome; empty as `fits` is.
    protocol : Protocol
        The protocol as it was fixed at the start.
    schedule : Schedule
        Which arm on which night; letters while the arms are hidden.

    See Also
    --------
    open_trial : Opens one.

    Examples
    --------
    A trial that begins with a run-in of seven nights, opened before the first import:

    >>> import tempfile
    >>> from datetime import UTC, date, datetime
    >>> from pathlib import Path
    >>> from n1trial.trial_folder.create import make_trial
    >>> now = datetime(2026, 1, 4, 12, tzinfo=UTC)
    >>> made = make_trial(
    ...     Path(tempfile.mkdtemp()) / "my-trial",
    ...     protocol="fast-glycine-screen",
    ...     start=date(2026, 1, 5),
    ...     seed="d3" * 32,
    ...     home_zone=None,
    ...     now=now,
    ... )
    >>> trial = n1trial.open_trial(made.path, now=now)
    >>> trial.protocol.primary.name, len(trial.schedule.table), trial.effects
    ('tst_min', 91, ())
    """

    folder: TrialFolder
    data: TrialData
    diary: Diary
    fits: tuple[Fit, ...] = ()
    effects: tuple[Effects, ...] = ()

    @property
    def protocol(self) -> Protocol:
        """The protocol as it was fixed at the start."""
        return self.folder.protocol

    @property
    def schedule(self) -> Schedule:
        """Which arm on which night; letters while the arms are hidden."""
        return self.folder.schedule

    def __repr__(self) -> str:
        nights = f"{len(self.data.analysed(self.data.outcomes[0]))} of {len(self.data.table)}"
        return line(
            "Trial", {"folder": self.folder.path, "nights": nights, "outcomes fitted": len(self.fits)}
        )


def open_trial(path: GivenPath, *, now: datetime | None = None) -> Trial:
    """Open a trial folder.

    Parameters
    ----------
    path : Path or str
        The folder that ``n1trial new`` made.
    now : datetime, optional
        An aware moment; None: this one. Before the last night there are no answers, as nobody should look then.

    Returns
    -------
    Trial
        Its ``data.table`` has a row a night; its ``effects``, an outcome each, are empty until the trial is over and
        ``n1trial fit`` has seen these nights.

    Raises
    ------
    FolderError
        No trial folder, or protocol or schedule were changed.
    DiaryError
        A line of the diary cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC, date, datetime
    >>> from pathlib import Path
    >>> from n1trial.trial_folder.create import make_trial
    >>> now = datetime(2026, 1, 4, 12, tzinfo=UTC)
    >>> folder = Path(tempfile.mkdtemp()) / "my-trial"
    >>> made = make_trial(
    ...     folder, protocol="fast-glycine-screen", start=date(2026, 1, 5), seed="d3" * 32, home_zone=None, now=now
    ... )
    >>> trial = n1trial.open_trial(folder, now=now)
    >>> len(trial.data.table), int(trial.data.table["tst_min"].count())
    (91, 0)
    """
    trial = read_trial(path_of(path), now=now or datetime.now(UTC))
    folder, diary = trial.folder, trial.diary
    if not trial.imported:
        return Trial(folder=folder, data=trial.planned_data(), diary=diary)
    data = trial.data
    if not folder.fit.is_file() or folder.sealed or not trial.is_over:
        return Trial(folder=folder, data=data, diary=diary)
    checked = load_fits(folder.fit)
    if any(done.fit.data_sha256 != data.sha256 for done in checked):
        return Trial(folder=folder, data=data, diary=diary)
    analysis = analysis_of(data, checked)
    return Trial(folder=folder, data=data, diary=diary, fits=analysis.fits, effects=analysis.effects)
