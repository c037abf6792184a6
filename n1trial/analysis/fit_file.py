"""Fits and the results of their checks, saved in one netCDF file.

xarray is imported inside functions, so that the first, unsampled answer of a fit does not wait for it.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import pandas as pd

from n1trial.analysis.checks import ALL_ARMS, Case, CheckResult, Findings, Quantity
from n1trial.analysis.parallel_fit import CheckedFit
from n1trial.design.contrast import Contrast
from n1trial.design.outcomes import Outcome
from n1trial.errors import FolderError
from n1trial.inference.fit import Diagnostics, Fit
from n1trial.system.arguments import GivenPath, path_of
from n1trial.system.files import write_whole

if TYPE_CHECKING:
    import xarray as xr

# What checks estimate, by the first part of their name, in files of versions that did not say so.
EARLIER_QUANTITIES = {
    "quasi-Poisson rate": Quantity.LOG_RATIO,
    "once built up": Quantity.STEADY_EFFECT,
    "posterior predictive": Quantity.NIGHTS,
    "sampling, R-hat": Quantity.R_HAT,
}
PARTS = ("arviz-stats", "numba", "numpy", "nutpie", "pymc", "pytensor", "scipy", "statsmodels")
# Neither a fit nor a check imports these, or only what makes the nights, whose own fingerprint is in the key.
NOT_OF_A_FIT = ("cli", "cohort", "data/importers", "planning", "report", "trial_folder", "workflows")


def fits_key(cases: Sequence[Case], *, seed: int) -> str:
    """Fingerprint of all that fits and checks depend on: nights, seed, this package and the libraries it uses."""
    digest = hashlib.sha256()
    for case in cases:
        data = case.data
        digest.update(
            repr((case.outcome, data.sha256, data.arms, data.reference, data.further_contrasts)).encode()
        )
        digest.update(repr((data.sleep_time, data.covariates, data.blinded, case.recorders)).encode())
        digest.update(repr([(nights.name, nights.data.sha256) for nights in case.alternatives]).encode())
    digest.update(_program_sha256(Path(str(files("n1trial")))))
    digest.update(repr((seed, [version(name) for name in PARTS])).encode())
    return digest.hexdigest()


def _program_sha256(package: Path) -> bytes:
    """Fingerprint of the modules that fits and checks may depend on."""
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.py")):
        if not any(source.is_relative_to(package / folder) for folder in NOT_OF_A_FIT):
            digest.update(source.read_bytes())
    return digest.digest()


def save_fits(path: Path, checked: Sequence[CheckedFit], *, key: str = "") -> None:
    """Write fits to one file, as `fits_netcdf` makes it."""
    write_whole(path, fits_netcdf(checked, key=key))


def fits_netcdf(checked: Sequence[CheckedFit], *, key: str = "") -> bytes:
    """The content of a file of fits: a group for every outcome, a group in it for every variant.

    Parameters
    ----------
    key
        Fingerprint of what the fits depend on (`fits_key`), by which `known_fits` recognises them.
    """
    import xarray as xr

    groups = {"/": xr.Dataset(attrs={"key": key, "nights": checked[0].fit.data_sha256})}
    for checked_fit in checked:
        fit = checked_fit.fit
        group = f"/{fit.outcome.name}"
        groups[group] = xr.Dataset(
            attrs={"fit": json.dumps(_scalars_of(fit)), "checks": _findings_text(checked_fit)}
        )
        groups[f"{group}/default"] = fit.posterior
        groups |= {f"{group}/{name}": posterior for name, posterior in fit.variants.items()}
    return _netcdf(groups)


def save_draws(path: Path, groups: Mapping[str, xr.Dataset]) -> None:
    """Write draws as netCDF, a group each, whole or not at all."""
    write_whole(path, _netcdf(groups))


def _netcdf(groups: Mapping[str, xr.Dataset]) -> bytes:
    import xarray as xr

    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "fit.nc"
        xr.DataTree.from_dict(dict(groups)).to_netcdf(draft, engine="h5netcdf")
        return draft.read_bytes()


def load_fits(path: GivenPath) -> list[CheckedFit]:
    """Read the fits of a trial, and the results of their checks, from a file that `n1trial fit` wrote.

    Parameters
    ----------
    path : str or Path
        The file, `fit.nc` in a trial's folder.

    Returns
    -------
    list of CheckedFit
        One for each outcome. Their `fit.densities` are None, since densities are not saved.

    Raises
    ------
    FolderError
        The file is missing, damaged, or written in the format of another version.

    Examples
    --------
    `fit` is that of `fit_model`'s example. `save_fits` writes what `n1trial fit` would.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import n1trial
    >>> from n1trial.analysis.checks import Findings
    >>> from n1trial.analysis.fit_file import save_fits
    >>> from n1trial.analysis.parallel_fit import CheckedFit
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "fit.nc"
    ...     save_fits(path, [CheckedFit(fit=fit, findings=Findings(results=()))])
    ...     [saved] = n1trial.load_fits(path)
    >>> saved.fit.outcome.name
    'tst_min'
    """
    import xarray as xr

    path = path_of(path)
    if not path.is_file():
        raise FolderError(f"{path}: nothing was fitted yet: run n1trial fit first")
    try:
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            tree.load()
            return [_checked_fit_of(child) for child in tree.children.values()]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise FolderError(f"{path}: cannot be read ({error}): run n1trial fit again") from error


def known_fits(path: Path, *, key: str) -> list[CheckedFit] | None:
    """The fits of a file, where they depend on exactly what `key` is the fingerprint of; else None."""
    try:
        return load_fits(path) if _root_attribute(path, "key") == key else None
    except FolderError:
        return None


def nights_fitted(path: Path) -> str | None:
    """SHA-256 of the nights that the fits of a file are of; None where there is no such file."""
    return _root_attribute(path, "nights")


def _root_attribute(path: Path, name: str) -> str | None:
    """An attribute of a file's root; h5py reads it without opening every group, as xarray would."""
    try:
        with h5py.File(path) as root:
            return root.attrs.get(name)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError):
        return None


def _scalars_of(fit: Fit) -> dict[str, Any]:
    """The fields of a fit that are no draws, as JSON holds them."""
    draws = ("posterior", "variants", "densities")
    fields = {name: getattr(fit, name) for name in fit.__dataclass_fields__ if name not in draws}
    return fields | {"outcome": asdict(fit.outcome), "diagnostics": asdict(fit.diagnostics)}


def _findings_text(checked: CheckedFit) -> str:
    findings = checked.findings
    return json.dumps(
        {
            "results": [
                result.row
                | {
                    "short_note": result.short_note,
                    "quantity": result.quantity,
                    "of_all_arms": result.arm is ALL_ARMS,
                }
                for result in findings.results
            ],
            "arms": sorted({arm for result in findings.results for arm in result.arms}),
            "tables": {
                name: table.to_json(orient="split", double_precision=15)
                for name, table in findings.tables.items()
            },
            "start_s": checked.start_s,
            "check_s": checked.check_s,
        }
    )


def _checked_fit_of(group: xr.DataTree) -> CheckedFit:
    fields, checks = json.loads(group.attrs["fit"]), json.loads(group.attrs["checks"])
    posteriors = {name: child.to_dataset(inherit=False) for name, child in group.children.items()}
    fit = Fit(
        **fields
        | {
            "outcome": Outcome(**fields["outcome"]),
            "diagnostics": Diagnostics(**fields["diagnostics"]),
            "problems": tuple(fields["problems"]),
            "posterior": posteriors.pop("default"),
            "variants": posteriors,
        }
    )
    arms = checks.get("arms") or _arms_named(checks["results"], fit)
    findings = Findings(
        results=tuple(_result_of(row, arms) for row in checks["results"]),
        tables={
            name: pd.read_json(io.StringIO(text), orient="split") for name, text in checks["tables"].items()
        },
    )
    return CheckedFit(
        fit=fit, findings=findings, start_s=checks.get("start_s", 0.0), check_s=checks["check_s"]
    )


def _result_of(row: Mapping[str, Any], arms: Sequence[str]) -> CheckResult:
    """A line of the checks; its column `contrast` may be a contrast, an arm, all arms or nothing."""
    text, rest = row["contrast"], {name: value for name, value in row.items() if name != "contrast"}
    rest["quantity"] = Quantity(rest["quantity"]) if "quantity" in rest else _earlier_quantity(row["check"])
    # An arm may be called as all arms together are; files of earlier versions tell the two apart by nothing.
    if rest.pop("of_all_arms", text == ALL_ARMS.value):
        return CheckResult(**rest, arm=ALL_ARMS)
    if not text or text in arms:
        return CheckResult(**rest, arm=text or None)
    return CheckResult(**rest, contrast=Contrast.parse(text, arms))


def _earlier_quantity(check: str) -> Quantity:
    return EARLIER_QUANTITIES.get(check, EARLIER_QUANTITIES.get(check.partition(", ")[0], Quantity.EFFECT))


def _arms_named(rows: Sequence[Mapping[str, Any]], fit: Fit) -> list[str]:
    """The arms of a file that does not list them: those of the draws, and the reference that its contrasts name."""
    treatments = [str(arm) for arm in fit.posterior["contrast"].to_numpy()]
    texts = {row["contrast"] for row in rows}
    starts = [str(Contrast(arm, "")) for arm in treatments]
    against = [{text.removeprefix(start) for text in texts if text.startswith(start)} for start in starts]
    # Every arm is compared with the reference; lines of an arm alone, such as of missing nights, name it as well.
    references = set.intersection(*filter(None, against)) if any(against) else set()
    alone = {text for text in texts if text and text != ALL_ARMS.value and str(Contrast("", "")) not in text}
    return list(dict.fromkeys([*treatments, *sorted(references | alone)]))
