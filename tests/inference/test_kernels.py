"""The compiled part of the fast engine: loaded in another process, the answer is the same."""

import os
import shutil
import subprocess
import sys

import pytest
from paths import HELPERS, PACKAGE
from pretend import pretend_trial

from n1trial.design.outcomes import OUTCOMES
from n1trial.inference import kernels
from n1trial.inference.inla import fast_fit

SLEEP = OUTCOMES["tst_min"]
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")


def _ran(code):
    """What a fresh process says; all that it forked must have gone before this comes back."""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran


@linux
@pytest.mark.parametrize("killed", [False, True])
def test_another_process_gives_the_same_answer_and_this_one_when_that_died(killed):
    ran = _ran(f"""
import multiprocessing, sys
from n1trial.inference import kernels
kernels.load_beside()
(beside,) = multiprocessing.active_children()
if {killed}:
    beside.kill()
    beside.join()
sys.path.insert(0, {str(HELPERS)!r})
from pretend import pretend_trial
from n1trial.inference.inla import fast_fit
from n1trial.design.outcomes import OUTCOMES
fit = fast_fit(pretend_trial(), OUTCOMES["tst_min"])
print(fit.mean.tolist(), fit.sd.tolist(), "numba" in sys.modules)
again = fast_fit(pretend_trial(), OUTCOMES["tst_min"])
print(again.mean.tolist(), again.sd.tolist(), "numba" in sys.modules)
""")
    fit = fast_fit(pretend_trial(), SLEEP)
    said = f"{fit.mean.tolist()} {fit.sd.tolist()}"
    assert ran.stdout.splitlines() == [f"{said} {killed}", f"{said} True"]


@linux
@pytest.mark.parametrize("ends", ["", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_it_leaves_with_the_process_that_never_asked(ends):
    _ran(f"from n1trial.inference.kernels import load_beside; load_beside(); {ends}")


def test_nothing_is_forked_where_numpy_has_threads():
    kernels.load_beside()
    assert kernels._beside is None


def test_the_few_nights_load_what_a_trial_calls():
    ran = _ran(f"""
import sys
from n1trial.inference.kernels import _fits
logs, means, covariances, spread = _fits.fit_one(*_fits.few_nights())
print(means.shape == (len(logs), 1), covariances.shape == (len(logs), 1, 1), spread.shape == (len(logs), 4))
sys.path.insert(0, {str(HELPERS)!r})
from pretend import pretend_trial
from n1trial.inference.inla import fast_fit
from n1trial.design.outcomes import OUTCOMES
fast_fit(pretend_trial(), OUTCOMES["tst_min"])
print(len(_fits.gram_classes.signatures), len(_fits.integrate.signatures))
""")
    assert ran.stdout.split() == ["True", "True", "True", "1", "1"]


def test_a_change_in_another_file_is_compiled_again(tmp_path):
    # Numba's own cache looks at the file of the function that is called alone.
    kernels_copy = tmp_path / "n1trial" / "inference" / "kernels"
    shutil.copytree(PACKAGE, tmp_path / "n1trial", ignore=shutil.ignore_patterns("__pycache__"))
    header = "from n1trial.inference.kernels._cache import compiled\n"
    (kernels_copy / "_outer.py").write_text(
        f"{header}from n1trial.inference.kernels._inner import inner\n"
        "@compiled\ndef outer():\n    return 10 * inner()\n"
    )
    code = "from n1trial.inference.kernels._outer import outer; print(outer(), len(outer.stats.cache_hits))"
    printed = []
    for value in (1, 1, 2):
        (kernels_copy / "_inner.py").write_text(f"{header}@compiled\ndef inner():\n    return {value}\n")
        ran = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=True,
        )
        printed.append(ran.stdout.strip())
    assert printed == ["10 0", "10 1", "20 0"]
