# SPDX-License-Identifier: Apache-2.0
"""Trains small neural networks on scikit-learn's handwritten digits: a random search, tracked with MLflow.

The sweep is a parent run, each trial a run beneath it: parameters, a loss and an accuracy after every epoch, the data
sets, a confusion matrix, the model. A sweep that was interrupted goes on with --resume. Only stock MLflow is used;
MLFLOW_TRACKING_URI says where the server is.
"""

import argparse
import os
import pathlib
import signal
import sys
import time

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # a line a trial is enough

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
import sklearn
import skops
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

EXPERIMENT = os.environ.get("MLFLOW_EXPERIMENT_NAME", "digits")
CLASSES = np.arange(10)
# for whoever loads a model: the packages, and the types beyond skops' own list of safe ones
MODEL_NEEDS = [f"scikit-learn=={sklearn.__version__}", f"skops=={skops.__version__}"]
MODEL_HOLDS = [f"sklearn.neural_network._stochastic_optimizers.{name}Optimizer" for name in ("Adam", "SGD")]


def load_data():
    """{"train", "validation", "test"} -> (images, digits): 60, 20 and 20 percent, the same in every sweep."""
    images, digits = load_digits(return_X_y=True)
    images = images / 16.0
    train_x, rest_x, train_y, rest_y = train_test_split(
        images, digits, test_size=0.4, stratify=digits, random_state=0
    )
    validation_x, test_x, validation_y, test_y = train_test_split(
        rest_x, rest_y, test_size=0.5, stratify=rest_y, random_state=0
    )
    return {"train": (train_x, train_y), "validation": (validation_x, validation_y), "test": (test_x, test_y)}


def draw_configurations(trials, seed):
    """The settings of each trial: the first n are the same however many trials there are."""
    random = np.random.default_rng(seed)
    return [
        {
            "hidden": int(random.choice([16, 32, 64, 128])),
            "solver": str(random.choice(["sgd", "adam"])),
            "learning_rate": float(f"{10 ** random.uniform(-3.5, -1.5):.2g}"),
            "alpha": float(f"{10 ** random.uniform(-5, -1):.2g}"),
            "batch_size": int(random.choice([16, 32, 64])),
        }
        for _ in range(trials)
    ]


def train(configuration, data, epochs, seed):
    """Trains one network, logging to the active run after every epoch; the model and its last metrics."""
    model = MLPClassifier(
        hidden_layer_sizes=(configuration["hidden"],),
        solver=configuration["solver"],
        learning_rate_init=configuration["learning_rate"],
        alpha=configuration["alpha"],
        batch_size=configuration["batch_size"],
        random_state=seed,
    )
    for epoch in range(1, epochs + 1):
        model.partial_fit(*data["train"], classes=CLASSES)
        images, digits = data["validation"]
        probabilities = model.predict_proba(images)
        loss, accuracy = log_loss(digits, probabilities), accuracy_score(digits, probabilities.argmax(axis=1))
        result = {"train_loss": model.loss_, "val_loss": loss, "val_accuracy": accuracy}
        mlflow.log_metrics(result, step=epoch)
    return model, result


def log_confusion_matrix(model, images, digits):
    figure, axes = plt.subplots(figsize=(5, 5))
    ConfusionMatrixDisplay.from_estimator(model, images, digits, ax=axes, colorbar=False)
    mlflow.log_figure(figure, "confusion_matrix.png")
    plt.close(figure)


def run_trial(number, configuration, data, datasets, settings):
    """One trial as a run beneath the active one; its settings, its results and the seconds it took."""
    started = time.perf_counter()
    with mlflow.start_run(run_name=f"trial-{number:02d}", nested=True, tags={"kind": "trial"}):
        mlflow.log_params({"trial": number, "epochs": settings["epochs"], "seed": settings["seed"], **configuration})
        for context, dataset in datasets.items():
            mlflow.log_input(dataset, context=context)
        model, result = train(configuration, data, settings["epochs"], settings["seed"])
        log_confusion_matrix(model, *data["validation"])
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            input_example=data["train"][0][:2],
            pip_requirements=MODEL_NEEDS,
            skops_trusted_types=MODEL_HOLDS,
        )
        result["test_accuracy"] = model.score(*data["test"])
        mlflow.log_metric(
            "test_accuracy", result["test_accuracy"], step=settings["epochs"], model_id=logged.model_id
        )
    return {"trial": number, **configuration, **result, "seconds": time.perf_counter() - started}


def settings_of(run_id):
    """What an earlier sweep began with."""
    run = mlflow.get_run(run_id)
    if run.data.tags.get("kind") != "sweep":
        raise SystemExit(f"run {run_id} is not a sweep of this program")
    return {name: int(run.data.params[name]) for name in ("trials", "epochs", "seed")}


def finished_trials(sweep_id):
    """The trials of a sweep that ended well."""
    return mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string=f"tags.mlflow.parentRunId = '{sweep_id}' AND attributes.status = 'FINISHED'",
        order_by=["attributes.start_time ASC"],
        output_format="list",
    )


def log_summary(sweep_id):
    """All finished trials as one file of the sweep."""
    rows = [{"run_id": run.info.run_id, **run.data.params, **run.data.metrics} for run in finished_trials(sweep_id)]
    mlflow.log_text(pd.DataFrame(rows).to_csv(index=False), "trials.csv")


def end_on_signals(sweep_id):
    """Ctrl-C and SIGTERM end the program in order, so that the runs are marked as failed. (As KeyboardInterrupt, the
    signal would end no more than the epoch: MLPClassifier catches it.)"""
    last_words = f"interrupted; go on with: python {sys.argv[0]} --resume {sweep_id}"
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(last_words))


def run_sweep(settings, resumed_id=None):
    """Runs the trials that are not done yet."""
    with mlflow.start_run(run_id=resumed_id, run_name=None if resumed_id else "sweep") as sweep:
        sweep_id = sweep.info.run_id
        end_on_signals(sweep_id)
        if not resumed_id:
            mlflow.log_params(settings)
            mlflow.set_tag("kind", "sweep")
        done = {int(run.data.params["trial"]) for run in finished_trials(sweep_id)}
        print(f"sweep {sweep_id}: {settings['trials']} trials of {settings['epochs']} epochs, {len(done)} done before")
        print("trial  hidden  solver     rate    alpha  batch  val_loss  val_accuracy  seconds")
        data = load_data()
        datasets = {
            context: mlflow.data.from_numpy(data[context][0], targets=data[context][1], name=f"digits-{context}")
            for context in ("train", "validation")
        }
        for number, configuration in enumerate(draw_configurations(settings["trials"], settings["seed"]), 1):
            if number in done:
                continue
            row = run_trial(number, configuration, data, datasets, settings)
            print(
                "{trial:5d}  {hidden:6d}  {solver:6}  {learning_rate:7g}  {alpha:7g}  {batch_size:5d}"
                "  {val_loss:8.4f}  {val_accuracy:12.4f}  {seconds:7.1f}".format(**row),
                flush=True,
            )
        log_summary(sweep_id)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=12, help="how many configurations to try [12]")
    parser.add_argument("--epochs", type=int, default=30, help="how often a network sees the training data [30]")
    parser.add_argument("--seed", type=int, default=0, help="of the configurations and the weights [0]")
    parser.add_argument("--resume", metavar="RUN_ID", help="go on with this sweep, with the settings it began with")
    options = parser.parse_args()
    if options.trials < 1 or options.epochs < 1:
        parser.error("--trials and --epochs must be 1 or more")
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        parser.error("set MLFLOW_TRACKING_URI to the address of the server, such as http://127.0.0.1:5000")
    started = time.perf_counter()
    experiment = mlflow.set_experiment(EXPERIMENT)
    print(f"experiment '{EXPERIMENT}' (id {experiment.experiment_id}) on {mlflow.get_tracking_uri()}")
    own = {"trials": options.trials, "epochs": options.epochs, "seed": options.seed}
    run_sweep(settings_of(options.resume) if options.resume else own, options.resume)
    next_script = pathlib.Path(sys.argv[0]).with_name("best_run.py")
    print(f"done in {time.perf_counter() - started:.0f} s; next: python {next_script}")


if __name__ == "__main__":
    main()
