"""Opens a journal with Optuna and prints what it finds; with "add", also runs three trials in it."""

import json
import sys
import warnings

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
study = optuna.load_study(study_name=sys.argv[2], storage=JournalStorage(JournalFileBackend(sys.argv[1])))
if "add" in sys.argv:

    def objective(trial):
        layers = trial.suggest_int("layers", 1, 3)
        rate = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        if layers >= 2:
            trial.suggest_int("units", 32, 256, step=32)
        trial.suggest_categorical("norm", ["none", "layer"])
        trial.report(float("nan"), 0)
        return layers + rate

    study.optimize(objective, n_trials=3)
finished = [t for t in study.trials if t.state.is_finished()]
print(
    json.dumps(
        {
            "version": optuna.__version__,
            "direction": study.directions[0].name,
            "states": [t.state.name for t in study.trials],
            "params": [t.params for t in study.trials],
            "values": [t.value if len(study.directions) == 1 else t.values for t in study.trials],
            "intermediate": [t.intermediate_values for t in study.trials[:6]],
            "attributes": [t.user_attrs for t in study.trials],
            "best": [t.number for t in study.best_trials],
            "constraints": [t.constraints for t in study.trials],
            "study": study.user_attrs,
            "seconds": [t.duration.total_seconds() for t in finished],
        }
    )
)
