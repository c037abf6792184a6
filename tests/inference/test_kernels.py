"""The compiled part of the fast engine: loaded in another process, the answer is the same."""

import subprocess
import sys

import pytest
from paths import HELPERS
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
from n1trial.inference.kernels import _compiled
logs, means, covariances, spread = _compiled.fit_one(*_compiled.few_nights())
print(means.shape == (len(logs), 1), covariances.shape == (len(logs), 1, 1), spread.shape == (len(logs), 4))
sys.path.insert(0, {str(HELPERS)!r})
from pretend import pretend_trial
from n1trial.inference.inla import fast_fit
from n1trial.design.outcomes import OUTCOMES
fast_fit(pretend_trial(), OUTCOMES["tst_min"])
print(len(_compiled.gram_classes.signatures), len(_compiled.integrate.signatures))
""")
    assert ran.stdout.split() == ["True", "True", "True", "1", "1"]
