"""Prints, as a JSON list, all that MLflow's Python client reads at server argv[1] of the runs whose tag mlflow-tracking-client.uid is argv[2], ..."""

import hashlib
import json
import math
import os
import sys
import tempfile

import mlflow
from mlflow import MlflowClient

uri, *uids = sys.argv[1:]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)
experiments = [e.experiment_id for e in client.search_experiments()]


def number(value):
    return value if math.isfinite(value) else str(value)


def hashes(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


def read(uid):
    runs = client.search_runs(experiments, f"tags.`mlflow-tracking-client.uid` = '{uid}'")
    assert len(runs) == 1, f"{len(runs)} runs of {uid}"
    run = runs[0]
    with tempfile.TemporaryDirectory() as folder:
        listed = client.list_artifacts(run.info.run_id)
        artifacts = hashes(client.download_artifacts(run.info.run_id, "", folder)) if listed else {}

    models = []
    for output in run.outputs.model_outputs if run.outputs else []:
        logged = mlflow.get_logged_model(output.model_id)
        info = mlflow.models.get_model_info(f"models:/{output.model_id}")
        with tempfile.TemporaryDirectory() as folder:
            files = sorted(hashes(mlflow.artifacts.download_artifacts(f"models:/{output.model_id}", dst_path=folder)))
        models.append(
            {
                "name": logged.name,
                "status": str(logged.status),
                "runId": info.run_id,
                "inputs": info.signature.inputs.to_dict(),
                "outputs": info.signature.outputs.to_dict(),
                "files": files,
            }
        )

    return {
        "runId": run.info.run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "startTime": run.info.start_time,
        "endTime": run.info.end_time,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {
            key: [[number(m.value), m.timestamp, m.step] for m in client.get_metric_history(run.info.run_id, key)]
            for key in run.data.metrics
        },
        "datasets": [
            {
                "name": d.dataset.name,
                "digest": d.dataset.digest,
                "schema": d.dataset.schema,
                "profile": d.dataset.profile,
                "context": {t.key: t.value for t in d.tags}.get("mlflow.data.context", ""),
            }
            for d in run.inputs.dataset_inputs
        ],
        "artifacts": artifacts,
        "models": models,
    }


print()
print(json.dumps([read(uid) for uid in uids]))
