"""Companion analyses: each assumes something else than the model, one file each.

A check is a module of this folder with `NAME`, `TITLE`, `applies(data, outcome) -> bool` and
`run(data, outcome) -> tuple[CheckResult, ...]`. The folder is the registry.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of `checks.csv`.

    `estimate`, `low`, `high` are in the outcome's unit unless `note` says otherwise; None: not given by
    this check. `passed` is None where the check informs and cannot fail.
    """

    check: str
    contrast: str
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    passed: bool | None = None
    note: str = ""
