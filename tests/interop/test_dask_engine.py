"""Dask: the bits of `fit` on any number of workers, also where one is killed; what fails leaves the model whole."""

import gc
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import cloudpickle
import dask
import dask_jobs
import numpy as np
import psutil
import pytest
from distributed import Client, LocalCluster

from cnn_core import (
    Adam,
    BatchNorm2D,
    Conv2D,
    CrossEntropy,
    Dropout,
    Flatten,
    FullyConnected,
    GradientDescent,
    Layer,
    MeanSquaredError,
    Model,
    Pool2D,
    ReLU,
    Step,
    WeightAverage,
    fit,
    shifted,
)
from cnn_interop import fit_on, sweep
from cnn_interop.dask_costs import step_cost

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (420, 1, 12, 12), np.uint8)  # the last batch is shorter
Y = RNG.integers(0, 10, 420)
QUIET = {"dashboard_address": "127.0.0.1:0", "silence_logs": 50, "threads_per_worker": 1}


@contextmanager
def cluster_of(workers, **settings):
    # Otherwise Dask looks 15 s after a worker was lost whether one of its name is there, and gives up a second loss.
    patience = dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"})
    with patience, LocalCluster(n_workers=workers, **QUIET | settings) as cluster, Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def client():
    with cluster_of(2) as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left():
    """Fail where a cluster of these tests has left a process."""
    yield
    children = psutil.Process().children(recursive=True)
    _, alive = psutil.wait_procs([each for each in children if "resource_tracker" not in str(each.cmdline())], 10)
    assert alive == []


def network(seed=0):
    layers = [Conv2D(4, padding="same"), BatchNorm2D(), ReLU(), Pool2D(), Dropout(0.2), Flatten()]
    return Model([*layers, FullyConnected(16), ReLU(), FullyConnected(10)], (1, 12, 12), seed)


def digest(model, *others):
    """Return the sha256 of all parameters and of the layers' state."""
    arrays = [param for _, param, _ in model.parameters()]
    arrays += [array for layer in model.layers for array in layer.state.values()]
    arrays += [array for average in others for array in average.params.values()]
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


class Snapshots:
    """The digest of a model after the last step whose record has arrived, and the number of such steps."""

    def __init__(self, model):
        self.model, self.last, self.steps = model, digest(model), 0

    def after_each(self, records):
        for record in records:
            self.steps += isinstance(record, Step)
            self.last = digest(self.model)


def trained(run, *before, **settings):
    """Return the records of a training, and the digest of its model and its average."""
    model, average = network(), WeightAverage(0.9)
    records = list(run(*before, model, X, Y, Adam(), CrossEntropy(), average=average, **settings))
    return records, digest(model, average)


LONG = {"batch_size": 100, "epochs": 100, "augment": dask_jobs.slowly_shifted}
SETTINGS = {"epochs": 2, "batch_size": 200, "augment": shifted, "validation": (X[:90], Y[:90])}


@pytest.fixture(scope="module")
def expected():
    return trained(fit, workers=1, **SETTINGS)


def test_the_tests_can_tell_two_trainings_apart(expected):
    assert trained(fit, workers=2, **SETTINGS) == expected
    assert trained(fit, **SETTINGS | {"augment": None})[1] != expected[1]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_gives_the_bits_of_fit(expected, workers):
    with cluster_of(workers) as client:
        assert trained(fit_on, client, **SETTINGS) == expected


def test_workers_with_several_threads_and_in_this_process_give_the_bits_of_fit(expected):
    with cluster_of(1, processes=False, threads_per_worker=3) as client:
        assert trained(fit_on, client, **SETTINGS) == expected


def test_a_batch_of_many_micro_batches_has_the_bits_of_fit(client, monkeypatch):
    monkeypatch.setattr("cnn_interop.dask_engine.PART", 3)
    settings = {"batch_size": 420, "epochs": 3}
    assert trained(fit_on, client, **settings) == trained(fit, **settings)


def test_targets_that_are_no_labels_and_a_model_of_float64_have_the_bits_of_fit(client):
    models = [Model([Flatten(), FullyConnected(2)], (1, 12, 12), 0, "float64") for _ in range(2)]
    data, loss = (X / 255.0, X[:, 0, :2, 0] / 255.0), MeanSquaredError()
    here = list(fit(models[1], *data, GradientDescent(0.01), loss))
    assert list(fit_on(client, models[0], *data, GradientDescent(0.01), loss)) == here
    assert digest(models[0]) == digest(models[1])


@pytest.fixture
def pickled_by_value():
    """Let cloudpickle send what this file defines, as it does with what a notebook defines."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


class Noisy(Layer):
    """A layer with a parameter and with chance."""

    def param_shapes(self, input_shape):
        return {"gain": (1,)}

    def initial(self, key, shape, rng):
        return np.ones(shape)

    def apply(self, X, training=False, rng=None):
        noise = rng.normal(0, 0.1, X.shape).astype(X.dtype) if training else 0
        return X * self.params["gain"] + noise

    def gradients(self, dC_dO, X):
        return dC_dO * self.params["gain"], {"gain": np.sum(dC_dO * X).reshape(1)}


def test_layers_losses_and_functions_that_a_notebook_defines_have_the_bits_of_fit(client, pickled_by_value):
    def own_loss(outputs, targets):
        cost, dC_dO = CrossEntropy()(outputs, targets)
        return 2 * cost, 2 * dC_dO

    models = [Model([Flatten(), Noisy(), FullyConnected(10)], (1, 12, 12), 0) for _ in range(2)]
    settings = {"augment": lambda X, rng: X[:, :, ::-1], "batch_size": 200}
    here = list(fit(models[0], X, Y, Adam(), own_loss, **settings))
    assert list(fit_on(client, models[1], X, Y, Adam(), own_loss, **settings)) == here
    assert digest(models[0]) == digest(models[1])


def kill_a_worker(client, rng):
    """Kill the process of a random worker: its nanny starts another."""
    with suppress(ProcessLookupError):
        os.kill(int(rng.choice([*client.run(os.getpid).values()])), signal.SIGKILL)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_is_killed_at_any_moment_changes_no_bit(workers):
    settings = SETTINGS | {"augment": dask_jobs.slowly_shifted, "epochs": 6}  # at least 0.6 s, on any machine
    undisturbed, rng = trained(fit, **settings), np.random.default_rng(workers)
    with cluster_of(workers) as client:
        for moment in rng.uniform(0, 0.5, 5):
            client.wait_for_workers(workers)
            killed = threading.Timer(moment, kill_a_worker, (client, rng))
            killed.start()
            assert trained(fit_on, client, **settings) == undisturbed
            assert killed.finished.is_set()
            killed.join()


@pytest.mark.parametrize("batch_size", [128, 420])
def test_the_workers_share_the_micro_batches(client, tmp_path, batch_size):
    augment = dask_jobs.NotesProcess(tmp_path)
    list(fit_on(client, network(), X, Y, Adam(), CrossEntropy(), epochs=5, batch_size=batch_size, augment=augment))
    count = [len([*tmp_path.glob(f"{process}-*")]) for process in client.run(os.getpid).values()]
    assert min(count) > 0.4 * sum(count)


def test_a_worker_that_joins_in_mid_training_gets_the_examples_too(expected):
    with cluster_of(1) as client:
        model, average = network(), WeightAverage(0.9)
        records = fit_on(client, model, X, Y, Adam(), CrossEntropy(), average=average, **SETTINGS)
        seen = [next(records)]
        old = set(client.nthreads())
        client.cluster.scale(2)
        client.wait_for_workers(2)
        client.retire_workers([*old])
        assert (seen + list(records), digest(model, average)) == expected
        assert old.isdisjoint(client.nthreads())


def test_the_examples_and_functions_are_sent_once_and_removed_at_the_end(client):
    loss = dask_jobs.Counted()
    list(fit_on(client, network(), X, Y, Adam(), loss, epochs=2, batch_size=200))
    assert loss.times == 1
    assert names_on_workers(client) == []


def names_on_workers(client):
    found = client.run(lambda dask_worker: [name for name in dask_worker.plugins if "fit_on" in name])
    return sorted({name for names in found.values() for name in names})


def wait_until(condition):
    for _ in range(100):
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("leave", ["close", "collect"])
def test_a_training_that_is_left_takes_its_examples_off_the_workers(client, leave):
    records = fit_on(client, network(), X, Y, Adam(), CrossEntropy())
    next(records)
    assert len(names_on_workers(client)) == 1
    if leave == "close":
        records.close()
    del records
    gc.collect()
    assert wait_until(lambda: names_on_workers(client) == [])


def test_an_error_of_a_loss_on_a_worker_is_raised_here_and_the_model_is_of_the_last_whole_step(client):
    model, y = network(), np.where(np.arange(420) < 419, Y % 9, 9)
    before = Snapshots(model)
    with pytest.raises(ZeroDivisionError, match="a target is 9"):
        before.after_each(fit_on(client, model, X, y, Adam(), dask_jobs.FailsOn(9), batch_size=64))
    assert digest(model) == before.last
    assert names_on_workers(client) == []


def test_a_cost_that_is_not_finite_is_told_as_in_fit(client):
    messages = []
    for run in (fit, lambda *rest, **settings: fit_on(client, *rest, **settings)):
        model = Model([Flatten(), FullyConnected(10)], (1, 12, 12), 0)
        with pytest.raises(FloatingPointError) as caught:
            list(run(model, X, Y, GradientDescent(1e36), CrossEntropy(), epochs=9))
        messages.append((str(caught.value), digest(model)))
    assert messages[0] == messages[1]


def close_cluster(client):
    client.cluster.close()


def close_client(client):
    client.close()


@pytest.mark.parametrize("close", [close_cluster, close_client])
@pytest.mark.parametrize("moment", [None, 0.05])
def test_a_cluster_that_is_gone_in_mid_training_is_an_error_and_the_model_is_whole(close, moment):
    with cluster_of(2) as client:
        model, optimiser = network(), Adam()
        records = fit_on(client, model, X, Y, optimiser, CrossEntropy(), **LONG)
        next(records)
        before = Snapshots(model)
        closing = threading.Timer(moment or 0, close, (client,))
        closing.start()
        if moment is None:
            closing.join()
        with pytest.raises(ConnectionError, match=r"^fit_on: the cluster "):
            before.after_each(records)
        closing.join()
    assert (digest(model), optimiser.steps) == (before.last, 1 + before.steps)
    assert isinstance(next(fit(model, X, Y, optimiser, CrossEntropy())), Step)


def test_a_cluster_without_workers_is_an_error_after_some_patience():
    with cluster_of(1) as client:
        records = fit_on(client, network(), X, Y, Adam(), CrossEntropy(), patience=1)
        next(records)
        client.cluster.scale(0)
        with pytest.raises(ConnectionError, match=r"^fit_on: the cluster has had no worker for 1"):
            list(records)


@pytest.mark.parametrize("moment", [0.0, 0.03, 0.3])
def test_an_interrupt_leaves_the_model_of_the_last_whole_step(client, moment):
    model, optimiser = network(), Adam()
    records = fit_on(client, model, X, Y, optimiser, CrossEntropy(), **LONG)
    next(records)
    timer = threading.Timer(moment, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start() or list(records)
    timer.join()
    other, undisturbed = network(), Adam()
    steps = fit(other, X, Y, undisturbed, CrossEntropy(), **LONG)
    while undisturbed.steps < optimiser.steps:
        next(steps)
    assert digest(model) == digest(other)
    records.close()  # the interrupt may have come between two steps
    assert wait_until(lambda: names_on_workers(client) == [])


def test_an_interrupt_ends_the_wait_for_a_worker_that_never_comes():
    with cluster_of(0) as client:
        timer = threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            list(fit_on(client, network(), X, Y, Adam(), CrossEntropy()))
        assert time.monotonic() - start < 5
        timer.join()


def test_arguments_are_validated_at_once(client):
    rest = X, Y, Adam(), CrossEntropy()
    with pytest.raises(TypeError, match=r"^fit_on: client must be a distributed\.Client"):
        fit_on("tcp://localhost:8786", network(), *rest)
    with pytest.raises(TypeError, match="model must be a Model"):
        fit_on(client, [ReLU()], *rest)
    with pytest.raises(ValueError, match=r"^fit_on: patience must be"):
        fit_on(client, network(), *rest, patience=0)
    with pytest.raises(ValueError, match=r"^fit: got 420 labels for 10 examples"):
        fit_on(client, network(), X[:10], *rest[1:])
    with Client(client.scheduler.address, set_as_default=False) as closed:
        pass
    with pytest.raises(ValueError, match=r"^fit_on: client has no connection to a cluster, it is closed\."):
        fit_on(closed, network(), *rest)
    with pytest.raises(TypeError, match=r"^sweep: client must be"):
        sweep(None, {})
    with pytest.raises(TypeError, match=r"^sweep: jobs must be a dict"):
        sweep(client, [dask_jobs.square])
    for job in (dask_jobs.square, (dask_jobs.square, (1,)), ("square", {})):
        with pytest.raises(TypeError, match=r"^sweep: job 'a' must be a pair \(function, kwargs\)"):
            sweep(client, {"a": job})


def test_a_local_cluster_listens_on_the_loopback_address_alone(client):
    with LocalCluster(n_workers=1, silence_logs=50, dashboard_address="127.0.0.1:0"):
        processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
        sockets = [each for process in processes for each in process.net_connections()]
    assert {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


LEFT = """
import os, signal, sys, threading
from cnn_core import *
from cnn_interop import fit_on, sweep
from dask.distributed import Client, LocalCluster
import dask_jobs, numpy as np

X, y = np.zeros((400, 1, 12, 12), np.float32), np.zeros(400, int)
if __name__ == "__main__":
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50)
    with cluster, Client(cluster) as client:
        model = Model([Flatten(), FullyConnected(10)], (1, 12, 12))
        records = fit_on(client, model, X, y, Adam(), CrossEntropy(), epochs=10**6, augment=dask_jobs.slowly_shifted)
        next(records)
        if sys.argv[1] == "error":
            raise ValueError("an error")
        send = {"interrupt": os.kill, "interrupt of the group": os.killpg}[sys.argv[1]]
        threading.Timer(0.5, send, (os.getpid(), signal.SIGINT)).start()
        for record in records:
            pass
"""


def run_script(folder, script, how):
    """Run a script as Jupyter runs a kernel, in a session of its own; return its output, if no process is left."""
    (folder / "script.py").write_text(script)
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    settings = {"cwd": folder, "env": os.environ | {"PYTHONPATH": path}, "start_new_session": True}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    begun = subprocess.Popen([sys.executable, "script.py", how], **pipes, **settings)
    printed = begun.communicate(timeout=120)
    group = [process for process in psutil.process_iter() if is_of(process, begun.pid)]
    assert psutil.wait_procs(group, timeout=10)[1] == []
    return printed


@pytest.mark.parametrize(
    ("how", "name"),
    [("error", "ValueError"), ("interrupt", "KeyboardInterrupt"), ("interrupt of the group", "KeyboardInterrupt")],
)
def test_no_process_is_left_after_an_error_or_an_interrupt(tmp_path, how, name):
    assert name in run_script(tmp_path, LEFT, how)[1]


GOES_ON = """
        try:
            list(records)
        except KeyboardInterrupt:
            print(*client.run(os.getpid).values())
        print(*client.run(os.getpid).values(), len(list(fit_on(client, model, X, y, Adam(), CrossEntropy()))))
"""


def test_an_interrupt_of_the_kernel_and_its_children_leaves_the_workers_at_work(tmp_path):
    script = LEFT.partition("        for record in records:")[0] + GOES_ON.lstrip("\n")
    before, after = run_script(tmp_path, script, "interrupt of the group")[0].splitlines()
    assert after == f"{before} 14"


def is_of(process, session):
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    return False


# --- sweeps -----------------------------------------------------------------------------------------------------------


def test_a_sweep_gives_each_result_and_each_error(client):
    jobs = {number: (dask_jobs.square, {"x": number}) for number in range(10)}
    jobs |= {"wrong": (dask_jobs.fail, {"message": "no"}), "unknown": (dask_jobs.square, {"y": 1})}
    jobs |= {"lock": (dask_jobs.square, {"x": threading.Lock()})}  # it cannot be pickled
    results = dict(sweep(client, jobs))
    errors = {name: results.pop(name) for name in ("wrong", "unknown", "lock")}
    assert results == {number: number**2 for number in range(10)}
    assert [type(error) for error in errors.values()] == [ValueError, TypeError, TypeError]
    assert str(errors["wrong"]) == "no"


def test_results_come_in_the_order_in_which_they_end(client):
    jobs = {"slow": (dask_jobs.sleep, {"seconds": 1}), "fast": (dask_jobs.sleep, {"seconds": 0, "workers": 3})}
    assert [*sweep(client, jobs)] == [("fast", 3), ("slow", None)]


def test_an_argument_may_be_a_future(client):
    assert dict(sweep(client, {"a": (dask_jobs.square, {"x": client.scatter(7)})})) == {"a": 49}


def test_a_sweep_that_is_left_does_not_run_what_has_not_begun(client, tmp_path):
    jobs = {n: (dask_jobs.leave_a_file, {"path": tmp_path / str(n), "seconds": 0.5}) for n in range(20)}
    results = sweep(client, jobs)
    next(results)
    results.close()
    assert wait_until(lambda: not client.processing() or not any(client.processing().values()))
    assert len([*tmp_path.iterdir()]) < 10


def test_an_empty_sweep_is_empty(client):
    assert [*sweep(client, {})] == []


def test_a_job_that_kills_its_workers_is_an_error_and_others_go_on():
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}), cluster_of(1) as client:
        results = dict(sweep(client, {"deadly": (dask_jobs.die, {}), "good": (dask_jobs.square, {"x": 3})}))
    assert results["good"] == 9
    assert type(results["deadly"]).__name__ == "KilledWorker"


def test_a_sweep_whose_cluster_is_closed_is_an_error():
    with cluster_of(1) as client:
        results = sweep(client, {seconds: (dask_jobs.sleep, {"seconds": seconds}) for seconds in (0, 60)})
        assert next(results) == (0, None)
        client.cluster.close()
        with pytest.raises(ConnectionError, match=r"^sweep: the cluster is gone"):
            next(results)


def test_trainings_in_a_sweep_have_the_bits_of_trainings_here(client, pickled_by_value):
    jobs = {rate: (trained_at, {"rate": rate}) for rate in (0.001, 0.1)}
    assert dict(sweep(client, jobs)) == {rate: trained_at(rate) for rate in (0.001, 0.1)}


def trained_at(rate):
    model = network()
    list(fit(model, X, Y, Adam(rate), CrossEntropy(), workers=1))
    return digest(model)


# --- what a step costs ------------------------------------------------------------------------------------------------


def test_the_cost_of_a_step_counts_bytes_and_leaves_the_model_as_it_was(client):
    model = network()
    before = digest(model)
    cost = step_cost(client, model, X, Y, CrossEntropy(), batch_size=128, steps=3)
    assert digest(model) == before
    assert cost.parameters == sum(param.size for _, param, _ in model.parameters())
    assert cost.micro_batches == 2
    assert 4 * cost.parameters < cost.sent < 4 * cost.parameters + 5000
    assert 8 * cost.parameters < cost.received < 8 * cost.parameters + 5000
    assert X[:128].nbytes + Y[:128].nbytes < cost.examples
    assert min(cost.here, cost.there, cost.tasks) > 0
