"""Makes studies of its own in a journal: two objectives, constraints, enqueued trials, PED-ANOVA; prints what they hold."""

import json
import sys
import warnings

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
storage = JournalStorage(JournalFileBackend(sys.argv[1]))


def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    if kind == "b":
        trial.suggest_int("n", 1, 64, log=True)
    trial.set_constraint("budget", x - 0.7)
    return x, (1 - x) ** 2


sampler = optuna.samplers.RandomSampler(seed=1)
two = optuna.create_study(
    study_name="two", storage=storage, directions=["minimize", "maximize"], sampler=sampler
)
two.optimize(objective, n_trials=12)
two.enqueue_trial({"x": 0.5})
one = optuna.create_study(study_name="one", storage=storage, direction="maximize", sampler=sampler)
one.optimize(lambda trial: -((objective(trial)[0] - 0.5) ** 2), n_trials=60)
print(
    json.dumps(
        {
            "front": [trial.number for trial in two.best_trials],
            "values": [trial.values for trial in two.trials if trial.values],
            "best": one.best_trial.number,
            "importances": optuna.importance.get_param_importances(
                one, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
            ),
        }
    )
)
