"""Fits and what the checks beside them found, in one netCDF file: what a report needs of the sampler.

It imports xarray inside functions, so that a fit gives its first answer without it.
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

from n1trial.analysis.checks import Case, CheckResult, Findings
from n1trial.analysis.parallel_fit.pool import CheckedFit
from n1trial.design.outcomes import Outcome
from n1trial.errors import FolderError
from n1trial.inference.fit import Diagnostics, Fit
from n1trial.system.arguments import GivenPath, path_of
from n1trial.system.files import write_whole

if TYPE_CHECKING:
    import xarray as xr

PARTS = ("arviz-stats", "numba", "numpy", "nutpie", "pymc", "pytensor", "scipy", "statsmodels")
# Neither a fit nor a check imports these, or only what makes the nights, whose own fingerprint is in the key.
NOT_OF_A_FIT = ("cli", "cohort", "data/importers", "planning", "report", "trial_folder", "workflows")


def fits_key(cases: Sequence[Case], *, seed: int) -> str:
    """Fingerprint of all that fits and checks follow from: nights, seed, the program itself and its parts."""
    told = hashlib.sha256()
    for case in cases:
        data = case.data
        told.update(
            repr((case.outcome, data.sha256, data.arms, data.reference, data.further_contrasts)).encode()
        )
        told.update(repr((data.sleep_time, data.covariates, data.blinded, case.recorders)).encode())
        told.update(repr([(each.name, each.data.sha256) for each in case.alternatives]).encode())
    told.update(_program_sha256(Path(str(files("n1trial")))))
    told.update(repr((seed, [version(name) for name in PARTS])).encode())
    return told.hexdigest()


def _program_sha256(package: Path) -> bytes:
    """Fingerprint of the modules that fits and checks may rest on."""
    told = hashlib.sha256()
    for source in sorted(package.rglob("*.py")):
        if not any(source.is_relative_to(package / folder) for folder in NOT_OF_A_FIT):
            told.update(source.read_bytes())
    return told.digest()


def save_fits(path: Path, checked: Sequence[CheckedFit], *, key: str = "") -> None:
    """Write fits to one file: a group for every outcome, a group in it for every variant.

    Parameters
    ----------
    key
        What they follow from, to be found again by `known_fits`.
    """
    import xarray as xr

    groups = {"/": xr.Dataset(attrs={"key": key, "nights": checked[0].fit.data_sha256})}
    for each in checked:
        here = f"/{each.fit.outcome.name}"
        groups[here] = xr.Dataset(attrs={"fit": json.dumps(_told(each.fit)), "checks": _findings_text(each)})
        groups[f"{here}/default"] = each.fit.posterior
        groups |= {f"{here}/{name}": posterior for name, posterior in each.fit.variants.items()}
    save_draws(path, groups)


def save_draws(path: Path, groups: Mapping[str, xr.Dataset]) -> None:
    """Write draws as netCDF, a group each, whole or not at all."""
    import xarray as xr

    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "fit.nc"
        xr.DataTree.from_dict(dict(groups)).to_netcdf(draft, engine="h5netcdf")
        write_whole(path, draft.read_bytes())


def load_fits(path: GivenPath) -> list[CheckedFit]:
    """Read fits written by `save_fits`.

    Raises
    ------
    FolderError
        The file is missing, damaged, or of another version's form.
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
    """The fits of a file that follow from the very same things; None where there are none."""
    try:
        return load_fits(path) if _noted(path, "key") == key else None
    except FolderError:
        return None


def nights_fitted(path: Path) -> str | None:
    """SHA-256 of the nights that the fits of a file are of; None where there is no such file."""
    return _noted(path, "nights")


def _noted(path: Path, name: str) -> str | None:
    """What the root of a file notes by this name; every group more would take its time to open."""
    try:
        with h5py.File(path) as root:
            return root.attrs.get(name)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError):
        return None


def _told(fit: Fit) -> dict[str, Any]:
    drawn = ("posterior", "variants", "densities")
    told = {name: getattr(fit, name) for name in fit.__dataclass_fields__ if name not in drawn}
    return told | {"outcome": asdict(fit.outcome), "diagnostics": asdict(fit.diagnostics)}


def _findings_text(checked: CheckedFit) -> str:
    found = checked.findings
    return json.dumps(
        {
            "results": [asdict(result) for result in found.results],
            "tables": {
                name: table.to_json(orient="split", double_precision=15)
                for name, table in found.tables.items()
            },
            "start_s": checked.start_s,
            "check_s": checked.check_s,
        }
    )


def _checked_fit_of(group: xr.DataTree) -> CheckedFit:
    told, found = json.loads(group.attrs["fit"]), json.loads(group.attrs["checks"])
    posteriors = {name: child.to_dataset(inherit=False) for name, child in group.children.items()}
    fit = Fit(
        **told
        | {
            "outcome": Outcome(**told["outcome"]),
            "diagnostics": Diagnostics(**told["diagnostics"]),
            "problems": tuple(told["problems"]),
            "posterior": posteriors.pop("default"),
            "variants": posteriors,
        }
    )
    findings = Findings(
        results=tuple(CheckResult(**result) for result in found["results"]),
        tables={
            name: pd.read_json(io.StringIO(text), orient="split") for name, text in found["tables"].items()
        },
    )
    return CheckedFit(fit=fit, findings=findings, start_s=found["start_s"], check_s=found["check_s"])
