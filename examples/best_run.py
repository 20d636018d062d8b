# SPDX-License-Identifier: Apache-2.0
"""Finds the best trial that digits.py has logged, and uses it: a search, a curve, its files, its model.

Only stock MLflow is used; MLFLOW_TRACKING_URI says where the server is.
"""

import argparse
import os
import pathlib

os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
from digits import EXPERIMENT, load_data
from mlflow import MlflowClient

TRIALS = "tags.kind = 'trial' AND attributes.status = 'FINISHED'"
BEST_FIRST = ["metrics.val_accuracy DESC", "metrics.val_loss ASC"]  # the loss decides between equal accuracies
CHART_WIDTH, CHART_HEIGHT = 60, 10


def find_runs(filter_string, count):
    """The best finished trials that match, best first."""
    filter_string = f"{TRIALS} AND {filter_string}" if filter_string else TRIALS
    return mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string=filter_string,
        order_by=BEST_FIRST,
        max_results=count,
        output_format="list",
    )


def print_table(runs):
    print("run                               name      hidden  solver     rate  val_accuracy  val_loss")
    for run in runs:
        params, metrics = run.data.params, run.data.metrics
        print(
            f"{run.info.run_id}  {run.info.run_name:8}  {params['hidden']:>6}  {params['solver']:6}"
            f"  {params['learning_rate']:>7}  {metrics['val_accuracy']:12.4f}  {metrics['val_loss']:8.4f}"
        )


def chart(points):
    """The lines of a text chart of (step, value) pairs."""
    points = sorted(points)
    shown = points
    if len(points) > CHART_WIDTH:  # evenly spread, the first and the last among them
        shown = [points[i * (len(points) - 1) // (CHART_WIDTH - 1)] for i in range(CHART_WIDTH)]
    low, high = min(v for _, v in shown), max(v for _, v in shown)
    scale = (CHART_HEIGHT - 1) / (high - low) if high > low else 0
    rows = [round((value - low) * scale) for _, value in shown]
    for row in reversed(range(CHART_HEIGHT)):
        value = low + row / scale if scale else low
        yield f"{value:8.4f} |" + "".join("*" if at == row else " " for at in rows).rstrip()
        if not scale:
            break
    first, last = str(shown[0][0]), str(shown[-1][0])
    yield " " * 9 + "+" + "-" * len(shown)
    yield " " * 10 + first + last.rjust(len(shown) - len(first))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="", help="only runs that match too, such as \"params.solver = 'sgd'\"")
    parser.add_argument("--top", type=int, default=5, help="how many runs to show [5]")
    parser.add_argument("--to", default="best-run", help="the folder to download the files to [best-run]")
    options = parser.parse_args()
    if options.top < 1:
        parser.error("--top must be 1 or more")
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        parser.error("set MLFLOW_TRACKING_URI to the address of the server, such as http://127.0.0.1:5000")

    runs = find_runs(options.filter, options.top)
    if not runs:
        raise SystemExit(f"no finished trial in experiment '{EXPERIMENT}' matches: run digits.py first")
    print_table(runs)

    best = runs[0]
    history = MlflowClient().get_metric_history(best.info.run_id, "val_accuracy")
    print(f"\nval_accuracy of {best.info.run_name} over {len(history)} epochs:\n")
    print("\n".join(chart([(metric.step, metric.value) for metric in history])))

    folder = pathlib.Path(mlflow.artifacts.download_artifacts(run_id=best.info.run_id, dst_path=options.to))
    print(f"\nits files, now in {options.to}:")
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        print(f"{path.stat().st_size:8d}  {path.relative_to(folder)}")

    model_id = best.outputs.model_outputs[0].model_id
    model = mlflow.sklearn.load_model(f"models:/{model_id}")
    images, digits = load_data()["test"]
    predicted = model.predict(images)
    right, logged = int((predicted == digits).sum()), best.data.metrics["test_accuracy"]
    print(f"\nmodel {model_id} on {len(digits)} images that no trial has seen:")
    print("it says ", *predicted[:20])
    print("they are", *digits[:20])
    print(f"{right} of {len(digits)} right: accuracy {right / len(digits):.4f}, logged {logged:.4f}")


if __name__ == "__main__":
    main()
