"""Tasks in parallel: the same results wherever they run, and an error of one line when they cannot."""

import importlib
import json
import math
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import calibrate
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from paths import HELPERS
from people import pretend_people
from pretend import pretend_trial
from small_tasks import REFUSED, die, die_once, mark, refuse, slow

from n1trial import errors
from n1trial.analysis.checks import Case
from n1trial.analysis.parallel_fit import fit_and_check
from n1trial.cli import cli
from n1trial.cohort.two_stage.first_stage import summaries_of
from n1trial.design.protocol import read_protocol
from n1trial.errors import AnalysisError, N1TrialError, TaskError
from n1trial.planning import plan_trial
from n1trial.system.parallel import run_tasks

PROTOCOL = read_protocol("glycine-vs-magnesium-glycinate")
NOBODY = "tcp://127.0.0.1:9"


def test_results_come_in_the_order_of_the_items_and_progress_counts_up():
    progress = []
    roots = run_tasks(math.sqrt, [9, 4, 1, 0], on_done=lambda done, of: progress.append((done, of)))
    assert roots == [3, 2, 1, 0]
    assert progress == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_one_item_or_one_process_stays_in_this_process():
    assert run_tasks(os.getenv, ["PATH"]) == [os.environ["PATH"]]
    unpicklable = {1: "one", 2: "two"}.__getitem__
    assert run_tasks(lambda each: unpicklable(each), [1, 2], processes=1) == ["one", "two"]
    assert run_tasks(math.sqrt, []) == []
    assert run_tasks(math.sqrt, [], scheduler=NOBODY) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_of_the_work_comes_as_it_is_and_is_not_tried_again(processes, tmp_path):
    with pytest.raises(AnalysisError) as raised:
        run_tasks(partial(refuse, marks=tmp_path), [1, 2], processes=processes)
    assert str(raised.value) == REFUSED
    marks = [path.name.split("-")[0] for path in tmp_path.iterdir()]
    assert len(marks) == len(set(marks))


def test_every_error_of_ours_survives_the_way_between_processes():
    ours = [each for each in vars(errors).values() if isinstance(each, type)]
    assert AnalysisError in ours
    for error in ours:
        back = pickle.loads(pickle.dumps(error(REFUSED)))
        assert (type(back), str(back)) == (error, REFUSED)
        assert isinstance(back, N1TrialError)


def test_a_process_that_dies_is_begun_again_and_nothing_is_lost(tmp_path):
    assert run_tasks(partial(die_once, mark=tmp_path / "died"), [1, 2, 3]) == [1, 2, 3]


def test_processes_that_always_die_are_told_in_one_line():
    with pytest.raises(TaskError, match=r"processes: one died while working, 2 times .*: free some memory"):
        run_tasks(die, [1, 2], retries=1)


def test_any_executor_does_the_work_and_is_left_open():
    done = []
    with ThreadPoolExecutor(2) as executor:
        assert run_tasks(
            math.sqrt, [9.0, 4.0, 1.0], executor=executor, on_done=lambda count, of: done.append((count, of))
        ) == [3.0, 2.0, 1.0]
        assert executor.submit(math.sqrt, 16.0).result() == 4.0
    assert done == [(1, 3), (2, 3), (3, 3)]


def test_no_scheduler_is_told_in_one_line_within_seconds():
    started = time.monotonic()
    with pytest.raises(TaskError, match=r"scheduler tcp://127\.0\.0\.1:9: no Dask scheduler answers there: "):
        run_tasks(math.sqrt, [1], scheduler=NOBODY)
    assert time.monotonic() - started < 10


def test_without_dask_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(TaskError, match=r'Dask is not installed here: pip install "n1trial\[cluster\]"'):
        run_tasks(math.sqrt, [1], scheduler=NOBODY)


def test_nothing_that_could_send_is_loaded_unless_a_scheduler_is_named():
    code = (
        "import sys, math; from n1trial.system.parallel import run_tasks; run_tasks(math.sqrt, [1, 4], processes=1);"
        "print({'distributed', 'dask', 'tornado'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_the_command_refuses_an_address_where_nobody_is():
    ran = CliRunner().invoke(cli, ["plan", PROTOCOL.name, "--scheduler", "nonsense"])
    assert isinstance(ran.exception, TaskError)
    assert ran.stdout == ""


WORKERS_PATH = os.pathsep.join(map(str, (HELPERS, Path(__file__).parent)))


@contextmanager
def cluster(folder, *, workers, path=WORKERS_PATH):
    """Address of a scheduler on this machine; its process, and those of its workers, who import from `path`."""
    folder.mkdir()
    contact = folder / "scheduler.json"
    shared = ["--scheduler-file", str(contact), "--no-dashboard"]
    environment = os.environ | {"PYTHONPATH": str(path)}

    def start(name, *arguments):
        with (folder / f"{name}.log").open("w") as log:
            command = [sys.executable, "-m", "dask", *arguments, *shared]
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)

    started = [start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0")]
    try:
        while not contact.exists() or not contact.read_text():
            assert started[0].poll() is None, (folder / "scheduler.log").read_text()
            time.sleep(0.1)
        worker = ["worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
        started += [start(f"worker-{number}", *worker) for number in range(workers)]
        yield json.loads(contact.read_text())["address"], started
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("cluster") / "pair", workers=2) as (address, _):
        yield address


def assert_the_same(actual, expected):
    """Every number of two plans to six digits, and in fact to all but the last rounding."""
    pd.testing.assert_frame_equal(actual.table, expected.table, rtol=1e-6)
    pd.testing.assert_frame_equal(actual.looks_table, expected.looks_table, rtol=1e-6)
    assert (actual.costs, actual.recovered) == (expected.costs, expected.recovered)


@pytest.fixture(scope="module")
def planned_locally():
    return plan_trial(PROTOCOL, trials=100)


@pytest.mark.slow
def test_a_cluster_plans_what_this_machine_plans(pair, planned_locally):
    progress = []
    actual = plan_trial(PROTOCOL, trials=100, scheduler=pair, on_done=lambda *at: progress.append(at))
    assert_the_same(actual, planned_locally)
    pieces = 3 * len(planned_locally.designs)
    assert progress == [(done, pieces) for done in range(1, pieces + 1)]


@pytest.mark.slow
def test_an_error_of_the_work_comes_as_it_is_from_a_cluster(pair, tmp_path):
    with pytest.raises(AnalysisError) as raised:
        run_tasks(partial(refuse, marks=tmp_path), [1], scheduler=pair)
    assert str(raised.value) == REFUSED
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.slow
def test_who_leaves_early_leaves_no_work_behind(pair, tmp_path):
    def leave(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_tasks(partial(mark, marks=tmp_path), range(30), scheduler=pair, on_done=leave)
    time.sleep(2)
    assert 1 <= len(list(tmp_path.iterdir())) <= 6


@pytest.mark.slow
def test_work_that_a_worker_cannot_import_says_where_to_put_it(pair, monkeypatch, tmp_path):
    (tmp_path / "only_here.py").write_text("def same(item): return item")
    monkeypatch.syspath_prepend(tmp_path)
    only_here = importlib.import_module("only_here")
    with pytest.raises(
        TaskError, match=r"cannot import the work \(No module named 'only_here'\).*PYTHONPATH"
    ):
        run_tasks(only_here.same, [1], scheduler=pair)


@pytest.mark.slow
def test_the_command_plans_on_a_cluster_and_says_how_far_it_is(pair):
    ran = CliRunner().invoke(cli, ["plan", PROTOCOL.name, "--scheduler", pair], catch_exceptions=False)
    assert "simulating trials: 24 of 24 done" in ran.stderr
    assert ran.stdout == CliRunner().invoke(cli, ["plan", PROTOCOL.name], catch_exceptions=False).stdout


@pytest.mark.slow
def test_a_worker_killed_in_mid_run_loses_nothing(tmp_path, planned_locally, capsys):
    with cluster(tmp_path / "killed", workers=2) as (address, (_, first, _)):

        def kill_one(done, of):
            if done == of // 4:
                first.send_signal(signal.SIGKILL)
                killed_after.append(done)

        killed_after = []
        plan = plan_trial(PROTOCOL, trials=100, scheduler=address, on_done=kill_one)
        assert first.wait(timeout=5) == -signal.SIGKILL
    assert_the_same(plan, planned_locally)
    with capsys.disabled():
        print(f"\na worker killed after {killed_after[0]} tasks: the plan is the same")


@pytest.mark.slow
def test_workers_that_all_die_of_the_same_task_are_told_in_one_line(tmp_path):
    with (
        cluster(tmp_path / "deadly", workers=4) as (address, _),
        pytest.raises(
            TaskError, match=r"4 workers died on the same task, the last of them tcp://127.*memory"
        ),
    ):
        run_tasks(die, [1], scheduler=address)


@pytest.mark.slow
def test_a_scheduler_without_workers_is_told_in_one_line(tmp_path):
    with (
        cluster(tmp_path / "idle", workers=0) as (address, _),
        pytest.raises(TaskError, match=r"no worker has joined it: start one with dask worker tcp://127"),
    ):
        run_tasks(math.sqrt, [1], scheduler=address)


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_told_in_one_line(tmp_path):
    with cluster(tmp_path / "gone", workers=1) as (address, (scheduler, _)):
        work = partial(slow, seconds=0.3)
        with pytest.raises(
            TaskError, match=r"it went away before all was done: start it and its workers again"
        ):
            run_tasks(work, range(20), scheduler=address, on_done=lambda done, of: scheduler.kill())


@pytest.mark.slow
def test_workers_of_another_version_are_refused_by_name(tmp_path):
    other = tmp_path / "path" / "n1trial-9.9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: n1trial\nVersion: 9.9.9\n")
    with (
        cluster(tmp_path / "other", workers=1, path=other.parent) as (address, _),
        pytest.raises(
            TaskError, match=r"other numbers \(.*tcp://127.* has n1trial 9\.9\.9, here it is 0\.1\.0"
        ),
    ):
        run_tasks(math.sqrt, [1], scheduler=address)


@pytest.mark.alone
@pytest.mark.slow
def test_two_workers_are_faster_than_one(tmp_path, capsys):
    seconds = {}
    for workers in (1, 2):
        with cluster(tmp_path / f"of-{workers}", workers=workers) as (address, _):
            plan_trial(PROTOCOL, trials=50, scheduler=address)
            started = time.perf_counter()
            plan_trial(PROTOCOL, scheduler=address)
            seconds[workers] = time.perf_counter() - started
    with capsys.disabled():
        print(
            f"\nplan on a cluster: {seconds[1]:.1f} s with one worker, {seconds[2]:.1f} s with two:"
            f" {seconds[1] / seconds[2]:.2f} times as fast"
        )
    assert seconds[2] < 1.2 * seconds[1]


@pytest.mark.slow
def test_fits_of_several_people_are_the_same_on_a_cluster(tmp_path, capsys):
    cases = [
        Case(data=data, outcome=data.outcomes[0])
        for data in (pretend_trial(blocks=3, effects={"glycine": 20.0}, seed=seed) for seed in (1, 2))
    ]
    fit = partial(fit_and_check, seed=1)
    local = run_tasks(fit, cases, processes=1)
    with cluster(tmp_path / "fits", workers=1) as (address, _):
        remote = run_tasks(fit, cases, scheduler=address)
    for one, other in zip(local, remote, strict=True):
        draws = (each.fit.posterior["effect"].to_numpy() for each in (one, other))
        np.testing.assert_allclose(*draws, rtol=1e-6)
        assert one.findings.results == other.findings.results


@pytest.mark.slow
def test_summaries_of_several_people_are_the_same_on_a_cluster(tmp_path):
    people = pretend_people(3, blocks=2)
    local, _ = summaries_of(people, seed=1)
    with cluster(tmp_path / "summaries", workers=2) as (address, _):
        remote, left_out = summaries_of(people, seed=1, scheduler=address)
    assert left_out == {}
    for name, one in local.items():
        assert remote[name].mean == pytest.approx(one.mean, rel=1e-4)
        np.testing.assert_allclose(remote[name].covariance, one.covariance, rtol=1e-4)


@pytest.mark.slow
def test_a_calibration_study_in_pieces_on_a_cluster_has_the_ranks_of_the_whole(tmp_path):
    whole, _ = calibrate.piece(("sbc-poisson", range(6)))
    with cluster(tmp_path / "calibration", workers=1) as (address, _):
        pieces = [("sbc-poisson", range(4)), ("sbc-poisson", range(4, 6))]
        parts = run_tasks(calibrate.piece, pieces, scheduler=address)
    for quantity, counts in whole.items():
        np.testing.assert_array_equal(np.concatenate([part[quantity] for part, _ in parts]), counts)


def test_the_pieces_of_a_study_are_all_its_trials_once():
    assert calibrate.pieces("null") == [("null", None)]
    trials = [trial for _, part in calibrate.pieces("sbc-joint") for trial in part]
    assert trials == list(range(600))
