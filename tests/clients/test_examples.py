# SPDX-License-Identifier: Apache-2.0
"""The example, as a user runs it: a sweep, the best run found again; a sweep that is interrupted and goes on."""

import csv
import re
import signal
import subprocess
import sys

import mlflow
import pytest
import servers
from conftest import unique
from mlflow import MlflowClient

EXAMPLES = servers.ROOT / "examples"
TRIALS, EPOCHS = 3, 4


class Examples:
    """Runs the scripts in a folder, tracking in an experiment of their own."""

    def __init__(self, uri, folder):
        self.folder, self.client, self.experiment = folder, MlflowClient(uri), unique("digits")
        self.env = servers.fresh_environment(
            {"MLFLOW_TRACKING_URI": uri, "MLFLOW_EXPERIMENT_NAME": self.experiment, "PYTHONWARNINGS": "ignore"}
        )

    def start(self, name, *options, **env):
        command = [sys.executable, str(EXAMPLES / name), *map(str, options)]
        out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=self.folder, env={**self.env, **env}, **out)

    def run(self, name, *options, code=0, **env):
        """What a script prints."""
        process = self.start(name, *options, **env)
        printed = process.communicate(timeout=300)[0]
        assert process.returncode == code, printed
        return printed

    def trials(self, sweep):
        experiment = self.client.get_experiment_by_name(self.experiment).experiment_id
        return self.client.search_runs(
            [experiment], f"tags.mlflow.parentRunId = '{sweep}'", order_by=["start_time ASC"]
        )

    def summary(self, sweep):
        with open(self.client.download_artifacts(sweep, "trials.csv"), newline="") as f:
            return list(csv.DictReader(f))


def sweep_id(printed):
    return re.search(r"^sweep ([0-9a-f]{32}):", printed, re.M)[1]


def printed_rows(printed):
    """The cells of the sweep's table, but for the seconds."""
    return [tuple(line.split()[:-1]) for line in re.findall(r"^ +\d+ +\d+ +(?:sgd|adam) .*$", printed, re.M)]


@pytest.fixture(scope="module")
def examples(uri, tmp_path_factory):
    return Examples(uri, tmp_path_factory.mktemp("examples"))


@pytest.fixture(scope="module")
def swept(examples):
    """A finished sweep: its id and what the script printed."""
    printed = examples.run("digits.py", "--trials", TRIALS, "--epochs", EPOCHS)
    return sweep_id(printed), printed


def test_the_sweep_logs_what_it_prints(client, examples, swept):
    sweep, printed = swept
    parent = client.get_run(sweep)
    assert (parent.info.status, parent.info.run_name) == ("FINISHED", "sweep")
    assert parent.data.params == {"trials": str(TRIALS), "epochs": str(EPOCHS), "seed": "0"}
    trials, rows = examples.trials(sweep), printed_rows(printed)
    assert len(rows) == len(trials) == TRIALS
    for (number, hidden, solver, rate, alpha, batch, loss, accuracy), run in zip(rows, trials, strict=True):
        params, metrics = run.data.params, run.data.metrics
        assert run.info.status == "FINISHED"
        assert (number, hidden, solver, batch) == tuple(params[k] for k in ("trial", "hidden", "solver", "batch_size"))
        assert (float(rate), float(alpha)) == (float(params["learning_rate"]), float(params["alpha"]))
        assert (loss, accuracy) == (f"{metrics['val_loss']:.4f}", f"{metrics['val_accuracy']:.4f}")
    summary = examples.summary(sweep)
    assert [row["run_id"] for row in summary] == [run.info.run_id for run in trials]
    assert [float(row["val_accuracy"]) for row in summary] == [run.data.metrics["val_accuracy"] for run in trials]


def test_what_a_trial_holds(client, examples, swept):
    for run in examples.trials(swept[0]):
        for key in ("train_loss", "val_loss", "val_accuracy"):
            history = client.get_metric_history(run.info.run_id, key)
            assert [m.step for m in history] == list(range(1, EPOCHS + 1))
            assert history[-1].value == run.data.metrics[key]
        contexts = {i.tags[0].value: i.dataset.name for i in run.inputs.dataset_inputs}
        assert contexts == {"train": "digits-train", "validation": "digits-validation"}
        assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["confusion_matrix.png"]
        [output] = run.outputs.model_outputs
        model = mlflow.get_logged_model(output.model_id)
        assert model.source_run_id == run.info.run_id
        assert {m.key: m.value for m in model.metrics}["test_accuracy"] == run.data.metrics["test_accuracy"]


def test_the_best_run(client, examples, swept):
    printed = examples.run("best_run.py", "--top", 2, "--to", "files")
    listed = re.findall(r"^([0-9a-f]{32})  (trial-\d\d) ", printed, re.M)
    histories = {
        run.info.run_id: client.get_metric_history(run.info.run_id, "val_accuracy")
        for run in examples.trials(swept[0])
    }
    last = {run_id: max(history, key=lambda m: m.step).value for run_id, history in histories.items()}
    assert [last[run_id] for run_id, _ in listed] == sorted(last.values(), reverse=True)[:2]

    best, name = listed[0]
    assert f"val_accuracy of {name} over {EPOCHS} epochs:" in printed
    chart = re.findall(r"^ +(\d\.\d{4}) \|(.*)$", printed, re.M)
    values = [m.value for m in histories[best]]
    assert sum(line.count("*") for _, line in chart) == EPOCHS
    assert (chart[0][0], chart[-1][0]) == (f"{max(values):.4f}", f"{min(values):.4f}")

    png = (examples.folder / "files/confusion_matrix.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert re.search(rf"^ +{len(png)}  confusion_matrix.png$", printed, re.M)

    found = re.search(r"^(\d+) of (\d+) right: accuracy (\S+), logged (\S+)$", printed, re.M)
    right, images, accuracy, logged = found.groups()
    assert accuracy == logged == f"{int(right) / int(images):.4f}"
    assert logged == f"{client.get_run(best).data.metrics['test_accuracy']:.4f}"


def test_the_best_run_of_some(examples, swept):
    trials = examples.trials(swept[0])
    solver = trials[-1].data.params["solver"]
    printed = examples.run("best_run.py", "--filter", f"params.solver = '{solver}'", "--to", "some")
    expected = [run.info.run_id for run in trials if run.data.params["solver"] == solver]
    assert sorted(re.findall(r"^([0-9a-f]{32})  ", printed, re.M)) == sorted(expected)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_sweep_goes_on(uri, client, tmp_path, sign):
    examples = Examples(uri, tmp_path)
    process, printed = examples.start("digits.py", "--trials", TRIALS, "--epochs", 20, "--seed", 1), ""
    for line in process.stdout:
        printed += line
        if line.startswith("    1 "):  # the first trial is done, the second has begun
            process.send_signal(sign)
    process.wait(60)
    sweep = sweep_id(printed)
    assert (f"--resume {sweep}" in printed) == (sign == signal.SIGINT)
    assert client.get_run(sweep).info.status == ("FAILED" if sign == signal.SIGINT else "RUNNING")
    done = [run.data.params["trial"] for run in examples.trials(sweep) if run.info.status == "FINISHED"]
    assert 0 < len(done) < TRIALS

    again = examples.run("digits.py", "--resume", sweep)
    assert f"sweep {sweep}: {TRIALS} trials of 20 epochs, {len(done)} done before" in again
    assert done + [row[0] for row in printed_rows(again)] == ["1", "2", "3"]
    assert client.get_run(sweep).info.status == "FINISHED"
    assert [row["trial"] for row in examples.summary(sweep)] == ["1", "2", "3"]


def test_wrong_use(examples, swept, run):
    assert "run digits.py first" in examples.run("best_run.py", "--filter", "params.solver = 'none'", code=1)
    assert "is not a sweep" in examples.run("digits.py", "--resume", run, code=1)
    assert "set MLFLOW_TRACKING_URI" in examples.run("digits.py", code=2, MLFLOW_TRACKING_URI="")
