"""Writes one study with Python's MLflow client to the server argv[1], with files of the folder argv[2]: the counterpart of sameScript.ts."""

import os
import sys

import mlflow
from mlflow.entities import LoggedModelInput
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.dataset_source import DatasetSource

uri, folder = sys.argv[1:]
mlflow.set_tracking_uri(uri)


class Source(DatasetSource):
    """A source that is only named."""

    def __init__(self, where):
        self.where = where

    @staticmethod
    def _get_source_type():
        return "local"

    def load(self):
        raise NotImplementedError

    @staticmethod
    def _can_resolve(raw_source):
        return False

    @classmethod
    def _resolve(cls, raw_source):
        raise NotImplementedError

    def to_dict(self):
        return {"uri": self.where}

    @classmethod
    def from_dict(cls, source_dict):
        return cls(source_dict["uri"])


mlflow.set_experiment("python")
with mlflow.start_run(run_name="study", description="**what** this is") as study:
    mlflow.log_params({"units": 512, "name": "ä b"})
    with mlflow.start_run(run_name="trial", nested=True, tags={"stage": "search"}) as trial:
        dataset = MetaDataset(source=Source("corpus/manifest.csv"), name="corpus", digest="0123abcd")
        mlflow.log_input(dataset, context="training")
        for step in range(30):
            mlflow.log_metrics({"loss": 1 / (1 + step), "val/f1": step / 30}, step=step)
        mlflow.log_metric("negative", -1.5, step=-2)
        model = mlflow.initialize_logged_model(
            name="net", source_run_id=trial.info.run_id, params={"units": "512"}, tags={"kind": "mlp"}, model_type="classifier"
        )
        mlflow.tracking.MlflowClient().log_model_artifacts(model.model_id, os.path.join(folder, "model"))
        mlflow.finalize_logged_model(model.model_id, "READY")
        mlflow.log_outputs(models=[mlflow.entities.LoggedModelOutput(model.model_id, step=0)])
        for fold in range(3):
            mlflow.log_metric("fold_f1", 0.5 + fold / 10, step=fold, model_id=model.model_id, dataset=dataset)
        mlflow.log_text("grüße\n", "notes/text.txt")
        mlflow.log_dict({"a": [1, 2], "b": None}, "config.json")
        mlflow.log_table({"cell": ["a", "b"], "f1": [0.5, 0.25]}, "table.json")
        mlflow.log_artifact(os.path.join(folder, "figure.svg"), "figures")
        mlflow.set_tags({"done": "yes"})
    with mlflow.start_run(run_name="evaluation", nested=True):
        mlflow.tracking.MlflowClient().log_inputs(mlflow.active_run().info.run_id, models=[LoggedModelInput(model.model_id)])
        mlflow.log_metrics({"test_f1": 0.7}, model_id=model.model_id, dataset=dataset)
    failed = mlflow.start_run(run_name="failed", nested=True)
    mlflow.end_run("FAILED")
with mlflow.start_run(run_id=study.info.run_id):
    mlflow.log_metric("resumed", 1)
